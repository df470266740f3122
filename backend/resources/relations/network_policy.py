"""Network policies: whom they are about, and who may talk to those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from backend.resources.labels import LabelSelector
from backend.resources.relations.relation import Holder, Relation

KINDS = ("networkpolicies.networking.k8s.io",)


class Peer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None


class From(msgspec.Struct, frozen=True, gc=False):
    peers: list[Peer] | None = msgspec.field(default=None, name="from")


class To(msgspec.Struct, frozen=True, gc=False):
    peers: list[Peer] | None = msgspec.field(default=None, name="to")


class PolicySpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pod_selector: LabelSelector = LabelSelector()
    ingress: list[From] | None = None
    egress: list[To] | None = None


class PolicyRefs(Holder, frozen=True, gc=False):
    spec: PolicySpec = PolicySpec()


WIRE = PolicyRefs


def relations(obj: PolicyRefs) -> Iterator[Relation]:
    spec, namespace = obj.spec, obj.metadata.namespace
    yield Relation(
        role="applies to", back="policed by", kind="pods", namespace=namespace, selector=spec.pod_selector
    )
    for rules, role, back in (
        (spec.ingress, "lets in from", "may talk to"),
        (spec.egress, "lets out to", "may hear from"),
    ):
        for rule in rules or ():
            yield from _peers(rule.peers or (), namespace, role=role, back=back)


def _peers(peers: Iterable[Peer], namespace: str, *, role: str, back: str) -> Iterator[Relation]:
    """Pods of the policy's own namespace, or whole namespaces; of a peer that names both, the namespaces."""
    for peer in peers:
        if peer.namespace_selector is not None:
            yield Relation(role=role, back=back, kind="namespaces", selector=peer.namespace_selector)
        elif peer.pod_selector is not None:
            yield Relation(role=role, back=back, kind="pods", namespace=namespace, selector=peer.pod_selector)
