"""What goes: an object, all nodes of a zone, a cluster; and what has to be read to see what that means."""

from __future__ import annotations

from fnmatch import fnmatchcase

from backend.topology.graph import Graph
from backend.topology.node import Node
from backend.topology.scope import INSIDE, WHOLE, Extent, resource_named

ZONE, CLUSTER = "zone", "cluster"
"""Words for what no kind is."""
_ZONE_LABELS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_UNTOUCHED = frozenset(
    {
        "configmaps",
        "secrets",
        "serviceaccounts",
        "networkpolicies.networking.k8s.io",
        "rolebindings.rbac.authorization.k8s.io",
        "roles.rbac.authorization.k8s.io",
    }
)
"""Kinds that others need but that never stop because something else does."""
_MATTERS = (
    *(kind for kind in INSIDE if kind not in _UNTOUCHED),
    "nodes",
    "persistentvolumes",
    "volumeattachments.storage.k8s.io",
    "apiservices.apiregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "httproutes.gateway.networking.k8s.io",
    "grpcroutes.gateway.networking.k8s.io",
)
"""Kinds to which something can happen."""


def extent_of(kind: str, namespace: str) -> Extent:
    """What to read before somebody loses an object of a kind (full name); of a namespace's, that namespace.

    Services outside it are not read then: no selector and no route reaches over.
    """
    if kind == "namespaces":
        return Extent(namespaces=(namespace,), kinds=WHOLE.kinds) if namespace else WHOLE
    kinds: tuple[str, ...] = _MATTERS if kind in _MATTERS else (*_MATTERS, kind)
    if kind in ("secrets", "configmaps"):
        kinds = (*kinds, "serviceaccounts")
    if kind == "customresourcedefinitions.apiextensions.k8s.io":
        kinds = WHOLE.kinds
    inside = bool(namespace) and (kind in INSIDE or resource_named(kind) is None)
    return Extent(namespaces=(namespace,) if inside else (), kinds=kinds)


def targets(graph: Graph, cluster: str, kind: str, name: str, namespace: str = "") -> list[Node]:
    """The objects that go; ``kind``: a full name, ``zone`` or ``cluster``."""
    if kind == CLUSTER:
        return list(graph.of_kind(cluster, "nodes"))
    if kind == ZONE:
        return [node for node in graph.of_kind(cluster, "nodes") if zone_of(node) == name]
    return [
        node
        for node in graph.of_kind(cluster, kind)
        if fnmatchcase(node.name, name) and (not namespace or node.namespace in ("", namespace))
    ]


def zone_of(node: Node) -> str:
    return next((node.labels[label] for label in _ZONE_LABELS if label in node.labels), "")


def zones(graph: Graph, cluster: str) -> list[str]:
    """Names of the zones that nodes say they are in."""
    return sorted({zone for node in graph.of_kind(cluster, "nodes") if (zone := zone_of(node))})
