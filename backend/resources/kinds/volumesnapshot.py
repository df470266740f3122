"""Volume snapshots (snapshot.storage.k8s.io)."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources import quantity
from backend.resources.duration import age, epoch
from backend.resources.kind import (
    Column,
    Kind,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)
from backend.resources.snapshot import SnapshotError, assess_snapshot, ready_column


class SnapshotSource(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    persistent_volume_claim_name: str = ""
    volume_snapshot_content_name: str = ""


class SnapshotSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    source: SnapshotSource = SnapshotSource()
    volume_snapshot_class_name: str = ""


class SnapshotStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    ready_to_use: bool | None = None
    restore_size: str | int | None = None
    """A quantity; the definition allows a bare number of bytes too."""
    bound_volume_snapshot_content_name: str = ""
    creation_time: str | None = None
    error: SnapshotError | None = None


class VolumeSnapshot(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: SnapshotSpec = SnapshotSpec()
    status: SnapshotStatus = SnapshotStatus()


def _size(snapshot: VolumeSnapshot) -> str:
    size = snapshot.status.restore_size
    return "" if size is None else str(size)


def _taken(snapshot: VolumeSnapshot, now: float) -> str:
    taken = snapshot.status.creation_time
    return age(taken, now) if taken else ""


KIND = Kind(
    resource=api_resource("snapshot.storage.k8s.io/v1", "VolumeSnapshot", "volumesnapshots", "vs"),
    custom=True,
    wire=VolumeSnapshot,
    assess=assess_snapshot,
    columns=(
        name_column(),
        ready_column(),
        text_column("SOURCEPVC", "spec.source.persistent_volume_claim_name"),
        text_column("SOURCESNAPSHOTCONTENT", "spec.source.volume_snapshot_content_name", priority=4),
        computed_column(
            "RESTORESIZE", _size, key=lambda snapshot: quantity.sort_key(_size(snapshot)), align="right"
        ),
        text_column("SNAPSHOTCLASS", "spec.volume_snapshot_class_name", priority=3),
        text_column("SNAPSHOTCONTENT", "status.bound_volume_snapshot_content_name", priority=4),
        Column(
            "CREATIONTIME",
            _taken,
            lambda snapshot: -epoch(snapshot.status.creation_time),
            align="right",
            priority=3,
            timed=True,
        ),
        age_column(),
    ),
)
