"""Ingresses: the services they route to, their certificates, their class."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.relation import Obj, Relation, namespace_of, part

KINDS = ("ingresses.networking.k8s.io",)


def services(ingress: Obj) -> list[str]:
    """Names of the services it routes to, each once."""
    spec = part(ingress, "spec")
    backends = [part(spec, "defaultBackend")]
    for rule in spec.get("rules") or ():
        backends += [part(path, "backend") for path in part(rule, "http", "paths") or ()]
    names = (part(backend, "service", "name") for backend in backends)
    return list(dict.fromkeys(str(name) for name in names if name))


def relations(obj: Obj) -> Iterator[Relation]:
    namespace, spec = namespace_of(obj), part(obj, "spec")
    for name in services(obj):
        yield Relation(role="routes to", kind="services", namespace=namespace, name=name)
    for entry in spec.get("tls") or ():
        if name := entry.get("secretName"):
            yield Relation(role="certificate", kind="secrets", namespace=namespace, name=str(name))
    if name := spec.get("ingressClassName"):
        yield Relation(role="class", kind="ingressclasses.networking.k8s.io", name=str(name))
