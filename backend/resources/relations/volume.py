"""Persistent volumes: whose they are, their class, the driver that serves them, the node they are tied to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.labels import SelectorRequirement
from backend.resources.relations.relation import Bond, Holder, Relation, TypedRef

KINDS = ("persistentvolumes",)
_HOSTNAME = "kubernetes.io/hostname"


class Driven(msgspec.Struct, frozen=True, gc=False):
    driver: str = ""


class Term(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    match_expressions: list[SelectorRequirement] | None = None


class NodeTerms(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    node_selector_terms: list[Term] | None = None


class NodeAffinity(msgspec.Struct, frozen=True, gc=False):
    required: NodeTerms | None = None


class VolumeSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    claim_ref: TypedRef | None = None
    storage_class_name: str = ""
    csi: Driven | None = None
    node_affinity: NodeAffinity | None = None


class VolumeRefs(Holder, frozen=True, gc=False):
    spec: VolumeSpec = VolumeSpec()


WIRE = VolumeRefs


def relations(obj: VolumeRefs) -> Iterator[Relation]:
    spec = obj.spec
    if spec.claim_ref is not None and spec.claim_ref.name:
        yield Relation(
            role="claim",
            back="volume",
            kind="persistentvolumeclaims",
            namespace=spec.claim_ref.namespace,
            name=spec.claim_ref.name,
            optional=True,
        )
    if spec.storage_class_name:
        yield Relation(
            role="class",
            back="class of",
            kind="storageclasses.storage.k8s.io",
            name=spec.storage_class_name,
            optional=True,
        )
    if spec.csi is not None and spec.csi.driver:
        yield Relation(
            role="driver",
            back="serves",
            kind="csidrivers.storage.k8s.io",
            bond=Bond.START,
            name=spec.csi.driver,
            optional=True,
        )
    for node in tied_to(obj):
        yield Relation(role="tied to", back="volumes", kind="nodes", bond=Bond.HOST, name=node)


def tied_to(obj: VolumeRefs) -> list[str]:
    """The nodes that alone can reach it (local volumes); none when its affinity is about zones."""
    affinity = obj.spec.node_affinity
    terms = (affinity.required.node_selector_terms or ()) if affinity and affinity.required else ()
    nodes: dict[str, None] = {}
    for term in terms:
        for need in term.match_expressions or ():
            if need.key == _HOSTNAME and need.operator == "In":
                nodes.update(dict.fromkeys(need.values or ()))
    return list(nodes)
