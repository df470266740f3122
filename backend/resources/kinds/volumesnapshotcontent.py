"""Volume snapshot contents (snapshot.storage.k8s.io): what a storage system keeps for a snapshot."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    Kind,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)
from backend.resources.snapshot import SnapshotError, assess_snapshot, ready_column


class SnapshotRef(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    namespace: str = ""


class ContentSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    deletion_policy: str = ""
    driver: str = ""
    volume_snapshot_class_name: str = ""
    volume_snapshot_ref: SnapshotRef = SnapshotRef()


class ContentStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    ready_to_use: bool | None = None
    restore_size: int | None = None
    """In bytes."""
    error: SnapshotError | None = None


class VolumeSnapshotContent(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ContentSpec = ContentSpec()
    status: ContentStatus = ContentStatus()


def _size(content: VolumeSnapshotContent) -> str:
    size = content.status.restore_size
    return "" if size is None else str(size)


KIND = Kind(
    resource=api_resource(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshotContent",
        "volumesnapshotcontents",
        "vsc",
        "vscs",
        namespaced=False,
    ),
    custom=True,
    wire=VolumeSnapshotContent,
    assess=assess_snapshot,
    columns=(
        name_column(),
        ready_column(),
        computed_column(
            "RESTORESIZE", _size, key=lambda content: content.status.restore_size or 0, align="right"
        ),
        text_column("DELETIONPOLICY", "spec.deletion_policy"),
        text_column("DRIVER", "spec.driver"),
        text_column("VOLUMESNAPSHOTCLASS", "spec.volume_snapshot_class_name", priority=4),
        text_column("VOLUMESNAPSHOT", "spec.volume_snapshot_ref.name", priority=3),
        text_column("VOLUMESNAPSHOTNAMESPACE", "spec.volume_snapshot_ref.namespace", priority=3),
        age_column(),
    ),
)
