"""Ingresses: the services they route to, their certificates, their class."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Bond, Holder, LocalRef, Relation

KINDS = ("ingresses.networking.k8s.io",)


class Backend(msgspec.Struct, frozen=True, gc=False):
    service: LocalRef | None = None


class Path(msgspec.Struct, frozen=True, gc=False):
    backend: Backend = Backend()


class Http(msgspec.Struct, frozen=True, gc=False):
    paths: list[Path] | None = None


class Rule(msgspec.Struct, frozen=True, gc=False):
    host: str = ""
    http: Http = Http()


class Tls(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    secret_name: str = ""


class Routing(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    rules: list[Rule] | None = None
    tls: list[Tls] | None = None


class IngressRefs(Holder, frozen=True, gc=False):
    spec: Routing = Routing()


WIRE = IngressRefs


def relations(obj: IngressRefs) -> Iterator[Relation]:
    namespace, spec = obj.metadata.namespace, obj.spec
    for name in routes(obj):
        yield Relation(
            role="routes to",
            back="routed by",
            kind="services",
            bond=Bond.PARTS,
            namespace=namespace,
            name=name,
        )
    for secret in dict.fromkeys(entry.secret_name for entry in spec.tls or () if entry.secret_name):
        yield Relation(
            role="certificate",
            back="certificate of",
            kind="secrets",
            bond=Bond.START,
            namespace=namespace,
            name=secret,
        )
    if spec.ingress_class_name:
        yield Relation(
            role="class",
            back="class of",
            kind="ingressclasses.networking.k8s.io",
            bond=Bond.START,
            name=spec.ingress_class_name,
        )


def routes(obj: IngressRefs) -> dict[str, list[str]]:
    """The hosts of each service it routes to; ``*`` where no host is named."""
    found: dict[str, list[str]] = {}
    if obj.spec.default_backend is not None and obj.spec.default_backend.service is not None:
        found.setdefault(obj.spec.default_backend.service.name, []).append("*")
    for rule in obj.spec.rules or ():
        for path in rule.http.paths or ():
            if path.backend.service is not None:
                hosts = found.setdefault(path.backend.service.name, [])
                if (rule.host or "*") not in hosts:
                    hosts.append(rule.host or "*")
    found.pop("", None)
    return found
