"""Persistent volumes: whose they are, and their class."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.relation import Obj, Relation, part

KINDS = ("persistentvolumes",)


def relations(obj: Obj) -> Iterator[Relation]:
    spec = part(obj, "spec")
    claim = part(spec, "claimRef")
    if name := claim.get("name"):
        namespace = str(claim.get("namespace", ""))
        yield Relation(role="claim", kind="persistentvolumeclaims", namespace=namespace, name=str(name))
    if name := spec.get("storageClassName"):
        yield Relation(role="class", kind="storageclasses.storage.k8s.io", name=str(name))
