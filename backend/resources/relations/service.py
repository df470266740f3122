"""Services: the pods behind them, and the endpoints that traffic really goes to."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.relation import Obj, Relation, name_of, namespace_of, part, selector_text

KINDS = ("services",)


def relations(obj: Obj) -> Iterator[Relation]:
    namespace, name = namespace_of(obj), name_of(obj)
    if labels := selector_text({"matchLabels": part(obj, "spec", "selector")}):
        yield Relation(role="pods", kind="pods", namespace=namespace, labels=labels)
    yield Relation(
        role="endpoints",
        kind="endpointslices.discovery.k8s.io",
        namespace=namespace,
        labels=f"kubernetes.io/service-name={name}",
    )

    def routes(ingress: Obj) -> bool:
        from backend.resources.relations.ingress import services

        return name in services(ingress)

    yield Relation(role="routed by", kind="ingresses.networking.k8s.io", namespace=namespace, keep=routes)
