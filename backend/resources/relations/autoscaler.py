"""Autoscalers: what they scale."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.relation import Obj, Relation, namespace_of, part

KINDS = ("horizontalpodautoscalers.autoscaling",)
_SCALED = {
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicaSet": "replicasets.apps",
}


def relations(obj: Obj) -> Iterator[Relation]:
    target = part(obj, "spec", "scaleTargetRef")
    kind = _SCALED.get(str(target.get("kind")))
    if kind:
        name = str(target.get("name", ""))
        yield Relation(role="scales", kind=kind, namespace=namespace_of(obj), name=name)
