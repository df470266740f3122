"""Nodes: the pods on them."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.relation import Obj, Relation, name_of

KINDS = ("nodes",)


def relations(obj: Obj) -> Iterator[Relation]:
    yield Relation(role="pods", kind="pods", fields=f"spec.nodeName={name_of(obj)}")
