"""Endpoint slices: whose they are, and where packets really go."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Holder, Relation, TypedRef

KINDS = ("endpointslices.discovery.k8s.io",)
_SERVICE = "kubernetes.io/service-name"


class Endpoint(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    target_ref: TypedRef | None = None


class SliceRefs(Holder, frozen=True, gc=False):
    endpoints: list[Endpoint] | None = None


WIRE = SliceRefs


def relations(obj: SliceRefs) -> Iterator[Relation]:
    namespace = obj.metadata.namespace
    if service := (obj.metadata.labels or {}).get(_SERVICE):
        yield Relation(
            role="endpoints of", back="endpoints", kind="services", namespace=namespace, name=service
        )
    for endpoint in obj.endpoints or ():
        target = endpoint.target_ref
        if target is not None and target.kind == "Pod":
            yield Relation(
                role="endpoint",
                back="in slice",
                kind="pods",
                namespace=target.namespace or namespace,
                name=target.name,
                uid=target.uid,
            )
