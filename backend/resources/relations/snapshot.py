"""Snapshots of volumes: the claim they were taken of."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Bond, Holder, Relation

_GROUP = "snapshot.storage.k8s.io"
KINDS = (f"volumesnapshots.{_GROUP}",)


class SnapshotSource(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    persistent_volume_claim_name: str | None = None


class SnapshotSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    source: SnapshotSource = SnapshotSource()
    volume_snapshot_class_name: str | None = None


class SnapshotStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    bound_volume_snapshot_content_name: str | None = None


class SnapshotRefs(Holder, frozen=True, gc=False):
    spec: SnapshotSpec = SnapshotSpec()
    status: SnapshotStatus | None = None


WIRE = SnapshotRefs


def relations(obj: SnapshotRefs) -> Iterator[Relation]:
    if claim := obj.spec.source.persistent_volume_claim_name:
        yield Relation(
            role="taken of",
            back="snapshots",
            kind="persistentvolumeclaims",
            namespace=obj.metadata.namespace,
            name=claim,
            optional=True,
        )
    if obj.status is not None and (content := obj.status.bound_volume_snapshot_content_name):
        yield Relation(
            role="content",
            back="content of",
            kind=f"volumesnapshotcontents.{_GROUP}",
            bond=Bond.NEEDS,
            name=content,
        )
    if obj.spec.volume_snapshot_class_name:
        yield Relation(
            role="class",
            back="class of",
            kind=f"volumesnapshotclasses.{_GROUP}",
            name=obj.spec.volume_snapshot_class_name,
        )
