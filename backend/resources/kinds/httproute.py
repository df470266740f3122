"""HTTP routes (gateway.networking.k8s.io)."""

from __future__ import annotations

import json

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.gateway import assess_conditions
from backend.resources.kind import (
    BEING_DELETED,
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
)
from backend.resources.workload import Condition


class ParentRef(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class RouteParent(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What one gateway made of the route."""

    parent_ref: ParentRef = ParentRef()
    conditions: list[Condition] | None = None


class HttpRouteSpec(msgspec.Struct, frozen=True, gc=False):
    hostnames: list[str] | None = None


class HttpRouteStatus(msgspec.Struct, frozen=True, gc=False):
    parents: list[RouteParent] | None = None


class HttpRoute(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: HttpRouteSpec = HttpRouteSpec()
    status: HttpRouteStatus = HttpRouteStatus()


def _hostnames(route: HttpRoute) -> str:
    """A JSON array, as the definition's printer column gives it."""
    names = route.spec.hostnames
    return json.dumps(names, separators=(",", ":"), ensure_ascii=False) if names is not None else ""


def _assess(route: HttpRoute) -> Verdict:
    """The worst that any of its gateways says; none has to answer before one has taken it."""
    if route.metadata.deletion_timestamp is not None:
        return BEING_DELETED
    if not route.status.parents:
        return Verdict(Health.PROGRESSING, "no gateway has taken it yet")
    for parent in route.status.parents:
        verdict = assess_conditions(parent.conditions, "Accepted", "ResolvedRefs")
        if verdict is not OK:
            return Verdict(verdict.health, f"gateway {parent.parent_ref.name}: {verdict.why}")
    return OK


KIND = Kind(
    resource=api_resource("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes"),
    custom=True,
    wire=HttpRoute,
    assess=_assess,
    columns=(name_column(), computed_column("HOSTNAMES", _hostnames, priority=0), age_column()),
)
