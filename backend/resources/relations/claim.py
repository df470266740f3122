"""Claims on storage: the volume behind them, its class, the pods that use it."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.pod_spec import users_of
from backend.resources.relations.relation import Obj, Relation, name_of, namespace_of, part

KINDS = ("persistentvolumeclaims",)


def relations(obj: Obj) -> Iterator[Relation]:
    spec = part(obj, "spec")
    if volume := spec.get("volumeName"):
        yield Relation(role="volume", kind="persistentvolumes", name=str(volume))
    if name := spec.get("storageClassName"):
        yield Relation(role="class", kind="storageclasses.storage.k8s.io", name=str(name))
    yield from users_of("persistentvolumeclaims", name_of(obj), namespace_of(obj))
