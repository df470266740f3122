"""What volumes and claims share: access modes, and a class that may hide in an old annotation."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from backend.kube.objects import ObjectMeta

UNSET = "<unset>"
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


class ClassAnnotations(msgspec.Struct, frozen=True, gc=False):
    storage_class: str | None = msgspec.field(default=None, name="volume.beta.kubernetes.io/storage-class")


class ClassMeta(ObjectMeta, frozen=True, gc=False, rename="camel"):
    """Metadata with the one annotation that names a storage class."""

    annotations: ClassAnnotations | None = None


def access_modes(modes: Collection[str] | None) -> str:
    """``RWO,RWX`` in kubectl's order."""
    return ",".join(short for mode, short in _MODES.items() if mode in (modes or ()))


def storage_class(metadata: ClassMeta, named: str | None) -> str:
    """The class's name: the annotation, when there is one, wins over the field ``named``."""
    beta = metadata.annotations.storage_class if metadata.annotations else None
    return named or "" if beta is None else beta
