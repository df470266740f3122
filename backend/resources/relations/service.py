"""Services: the pods behind them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.labels import LabelSelector
from backend.resources.relations.relation import Bond, Holder, Look, Relation

KINDS = ("services",)
LOOKS = (
    Look(
        kind="endpointslices.discovery.k8s.io",
        role="endpoints",
        labels="kubernetes.io/service-name={name}",
    ),
    Look(kind="ingresses.networking.k8s.io"),
)


class Selecting(msgspec.Struct, frozen=True, gc=False):
    selector: dict[str, str] | None = None


class ServiceRefs(Holder, frozen=True, gc=False):
    spec: Selecting = Selecting()


WIRE = ServiceRefs


def relations(obj: ServiceRefs) -> Iterator[Relation]:
    """A service without a selector has the endpoints that somebody gives it."""
    if obj.spec.selector:
        yield Relation(
            role="pods",
            back="served by",
            kind="pods",
            bond=Bond.PARTS,
            namespace=obj.metadata.namespace,
            selector=LabelSelector(match_labels=obj.spec.selector),
        )
