"""Pods: where they run, what they need, who sends them traffic."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.pod_spec import references
from backend.resources.relations.relation import Obj, Relation, namespace_of, part, selects

KINDS = ("pods",)


def relations(obj: Obj) -> Iterator[Relation]:
    namespace, spec = namespace_of(obj), part(obj, "spec")
    if node := spec.get("nodeName"):
        yield Relation(role="node", kind="nodes", name=str(node))
    keep = selects(part(obj, "metadata", "labels"))
    yield Relation(role="served by", kind="services", namespace=namespace, keep=keep)
    yield from references(spec, namespace)
