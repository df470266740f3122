"""Autoscalers: what they scale."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Holder, Relation, TypedRef, full_name

KINDS = ("horizontalpodautoscalers.autoscaling",)


class Scaling(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    scale_target_ref: TypedRef = TypedRef()


class ScalerRefs(Holder, frozen=True, gc=False):
    spec: Scaling = Scaling()


WIRE = ScalerRefs


def relations(obj: ScalerRefs) -> Iterator[Relation]:
    target = obj.spec.scale_target_ref
    if target.name:
        yield Relation(
            role="scales",
            back="scaled by",
            kind=full_name(target.api_version.rpartition("/")[0], target.kind),
            namespace=obj.metadata.namespace,
            name=target.name,
        )
