"""Pods: where they run, what they need; who sends them traffic says so itself."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.pod_spec import Spec, references
from backend.resources.relations.relation import Bond, Holder, Look, Relation

KINDS = ("pods",)
LOOKS = (Look(kind="services"), Look(kind="poddisruptionbudgets.policy"))


class PodRefs(Holder, frozen=True, gc=False):
    spec: Spec = Spec()


WIRE = PodRefs


def relations(obj: PodRefs) -> Iterator[Relation]:
    if obj.spec.node_name:
        yield Relation(role="node", back="pods", kind="nodes", bond=Bond.HOST, name=obj.spec.node_name)
    yield from references(obj.spec, obj.metadata.namespace, pod=obj.metadata.name)
