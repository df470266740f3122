"""What makes pods: its pods, what stands between, what scales it, who serves it, what its template needs."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.pod_spec import references
from backend.resources.relations.relation import (
    Obj,
    Relation,
    name_of,
    namespace_of,
    owned,
    part,
    selector_text,
    selects,
)

KINDS = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "jobs.batch",
    "replicationcontrollers",
)


def relations(obj: Obj) -> Iterator[Relation]:
    namespace, spec = namespace_of(obj), part(obj, "spec")
    template = part(spec, "template")
    selector = part(spec, "selector")
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        selector = {"matchLabels": selector}  # a replication controller's
    if labels := selector_text(selector):
        yield Relation(role="pods", kind="pods", namespace=namespace, labels=labels)
    if obj.get("kind") == "Deployment":
        yield owned(obj, "replicasets.apps", "replica sets")

    def scales(scaler: Obj) -> bool:
        target = part(scaler, "spec", "scaleTargetRef")
        return (target.get("kind"), target.get("name")) == (obj.get("kind"), name_of(obj))

    if obj.get("kind") in ("Deployment", "StatefulSet", "ReplicaSet"):
        yield Relation(
            role="scaled by", kind="horizontalpodautoscalers.autoscaling", namespace=namespace, keep=scales
        )
    serving = selects(part(template, "metadata", "labels"))
    yield Relation(role="served by", kind="services", namespace=namespace, keep=serving)
    yield from references(part(template, "spec"), namespace)
