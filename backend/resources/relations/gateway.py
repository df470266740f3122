"""The Gateway API: routes to services, gateways to their classes and certificates."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Bond, Holder, Relation, TypedRef, full_name

_GROUP = "gateway.networking.k8s.io"
_ROUTES = ("httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes")
KINDS = (*(f"{plural}.{_GROUP}" for plural in _ROUTES), f"gateways.{_GROUP}")


class RouteRule(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    backend_refs: list[TypedRef] | None = None


class GatewayTls(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    certificate_refs: list[TypedRef] | None = None


class Listener(msgspec.Struct, frozen=True, gc=False):
    tls: GatewayTls | None = None


class GatewaySpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The fields of routes and those of gateways have different names."""

    parent_refs: list[TypedRef] | None = None
    hostnames: list[str] | None = None
    rules: list[RouteRule] | None = None
    gateway_class_name: str = ""
    listeners: list[Listener] | None = None


class GatewayRefs(Holder, frozen=True, gc=False):
    spec: GatewaySpec = GatewaySpec()


WIRE = GatewayRefs


def relations(obj: GatewayRefs) -> Iterator[Relation]:
    spec, namespace = obj.spec, obj.metadata.namespace
    for parent in spec.parent_refs or ():
        group = _GROUP if parent.group is None else parent.group
        yield Relation(
            role="attached to",
            back="routes",
            kind=full_name(group, parent.kind or "Gateway"),
            bond=Bond.NEEDS,
            namespace=parent.namespace or namespace,
            name=parent.name,
        )
    for place, name in _services(spec, namespace):
        yield Relation(
            role="routes to",
            back="routed by",
            kind="services",
            bond=Bond.PARTS,
            namespace=place,
            name=name,
        )
    if spec.gateway_class_name:
        yield Relation(
            role="class",
            back="class of",
            kind=f"gatewayclasses.{_GROUP}",
            bond=Bond.START,
            name=spec.gateway_class_name,
        )
    for listener in spec.listeners or ():
        for secret in (listener.tls.certificate_refs or ()) if listener.tls is not None else ():
            if secret.kind in ("", "Secret"):
                yield Relation(
                    role="certificate",
                    back="certificate of",
                    kind="secrets",
                    bond=Bond.START,
                    namespace=secret.namespace or namespace,
                    name=secret.name,
                )


def _services(spec: GatewaySpec, namespace: str) -> list[tuple[str, str]]:
    found = [
        (backend.namespace or namespace, backend.name)
        for rule in spec.rules or ()
        for backend in rule.backend_refs or ()
        if backend.kind in ("", "Service")
    ]
    return list(dict.fromkeys(found))


def hosts(obj: GatewayRefs) -> dict[str, list[str]]:
    """The hosts of each service of its own namespace that it routes to; ``*``: all of its gateway's."""
    namespace = obj.metadata.namespace
    return {
        name: list(obj.spec.hostnames or ("*",))
        for place, name in _services(obj.spec, namespace)
        if place == namespace
    }
