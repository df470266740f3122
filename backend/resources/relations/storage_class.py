"""Storage classes, drivers and where drivers run: the upper half of the way from a claim to a node."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Bond, Holder, Relation

_GROUP = "storage.k8s.io"
_DRIVERS = f"csidrivers.{_GROUP}"
KINDS = (f"storageclasses.{_GROUP}", f"csinodes.{_GROUP}", f"volumeattachments.{_GROUP}", _DRIVERS)
_IN_TREE = "kubernetes.io/"
"""Provisioners that are no drivers: they have no object."""


class NodeDriver(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class AttachedVolume(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    persistent_volume_name: str = ""


class StorageSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Of a CSINode and of a VolumeAttachment: no field means two things."""

    drivers: list[NodeDriver] | None = None
    node_name: str = ""
    source: AttachedVolume | None = None


class StorageRefs(Holder, frozen=True, gc=False):
    provisioner: str = ""
    spec: StorageSpec = StorageSpec()


WIRE = StorageRefs


def relations(obj: StorageRefs) -> Iterator[Relation]:
    if obj.provisioner and not obj.provisioner.startswith(_IN_TREE):
        yield Relation(
            role="driver",
            back="classes",
            kind=_DRIVERS,
            bond=Bond.START,
            name=obj.provisioner,
            optional=True,
        )
    for driver in obj.spec.drivers or ():
        yield Relation(role="runs", back="runs on", kind=_DRIVERS, name=driver.name, optional=True)
    if obj.spec.node_name:
        yield Relation(role="node", back="attachments", kind="nodes", bond=Bond.HOST, name=obj.spec.node_name)
    if obj.spec.source is not None and obj.spec.source.persistent_volume_name:
        yield Relation(
            role="attaches",
            back="attached by",
            kind="persistentvolumes",
            name=obj.spec.source.persistent_volume_name,
        )
