"""Storage classes."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    Column,
    Kind,
    age_column,
    api_resource,
    flag_column,
    text_column,
)


class DefaultAnnotations(msgspec.Struct, frozen=True, gc=False):
    ga: str = msgspec.field(default="", name="storageclass.kubernetes.io/is-default-class")
    beta: str = msgspec.field(default="", name="storageclass.beta.kubernetes.io/is-default-class")


class StorageClassMeta(ObjectMeta, frozen=True, gc=False, rename="camel"):
    annotations: DefaultAnnotations | None = None


class StorageClass(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    metadata: StorageClassMeta = StorageClassMeta()
    provisioner: str = ""
    reclaim_policy: str = "Delete"
    volume_binding_mode: str = "Immediate"
    allow_volume_expansion: bool | None = None


def is_default(storage_class: StorageClass) -> bool:
    """Whether claims that name no class get this one."""
    marks = storage_class.metadata.annotations
    return marks is not None and "true" in {marks.ga, marks.beta}


def _name(storage_class: StorageClass, now: float) -> str:
    return storage_class.metadata.name + (" (default)" if is_default(storage_class) else "")


KIND = Kind(
    resource=api_resource("storage.k8s.io/v1", "StorageClass", "storageclasses", "sc", namespaced=False),
    wire=StorageClass,
    columns=(
        Column("NAME", _name, lambda found: found.metadata.name, priority=0, min_width=12),
        text_column("PROVISIONER", "provisioner"),
        text_column("RECLAIMPOLICY", "reclaim_policy"),
        text_column("VOLUMEBINDINGMODE", "volume_binding_mode", priority=3),
        flag_column("ALLOWVOLUMEEXPANSION", lambda found: bool(found.allow_volume_expansion), priority=3),
        age_column(),
    ),
)
