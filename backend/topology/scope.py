"""Which kinds a graph is made of, and where they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.resources.kind import api_resource

_STORAGE = "storage.k8s.io"
INSIDE = (
    "pods",
    "services",
    "persistentvolumeclaims",
    "replicasets.apps",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "ingresses.networking.k8s.io",
    "endpointslices.discovery.k8s.io",
    "poddisruptionbudgets.policy",
    "horizontalpodautoscalers.autoscaling",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "networkpolicies.networking.k8s.io",
    "replicationcontrollers",
    "rolebindings.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
)
"""Kinds of namespaces, in the order in which they are worth waiting for."""
AROUND = (
    "nodes",
    "namespaces",
    "persistentvolumes",
    f"storageclasses.{_STORAGE}",
    f"csidrivers.{_STORAGE}",
    f"csinodes.{_STORAGE}",
    f"volumeattachments.{_STORAGE}",
    "ingressclasses.networking.k8s.io",
    "priorityclasses.scheduling.k8s.io",
    "apiservices.apiregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "customresourcedefinitions.apiextensions.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
)
"""Kinds of the whole cluster."""
CUSTOM = (
    "httproutes.gateway.networking.k8s.io",
    "grpcroutes.gateway.networking.k8s.io",
    "gateways.gateway.networking.k8s.io",
    "gatewayclasses.gateway.networking.k8s.io",
    "volumesnapshots.snapshot.storage.k8s.io",
)
"""Read where they are served."""
_WITHOUT_ENTRY = {
    resource.full_name: resource
    for resource in (
        api_resource(f"{_STORAGE}/v1", "CSIDriver", "csidrivers", namespaced=False),
        api_resource(f"{_STORAGE}/v1", "CSINode", "csinodes", namespaced=False),
        api_resource(f"{_STORAGE}/v1", "VolumeAttachment", "volumeattachments", namespaced=False),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What of a cluster a graph is about."""

    namespaces: tuple[str, ...] = ()
    """Only what is in these, and the kinds of the whole cluster; empty: everything."""
    kinds: tuple[str, ...] = (*INSIDE, *AROUND, *CUSTOM)


WHOLE = Extent()


@cache
def resource_named(full_name: str) -> ApiResource | None:
    """How servers call a kind that every cluster has; None for those that not all have."""
    kind = registry.entry(full_name)
    if kind is not None and not kind.custom:
        return kind.resource
    return _WITHOUT_ENTRY.get(full_name)


def kind_word(full_name: str) -> str:
    """``Deployment`` for ``deployments.apps``; of unknown kinds, the name itself."""
    kind = registry.entry(full_name)
    if kind is not None:
        return kind.resource.kind
    known = _WITHOUT_ENTRY.get(full_name)
    return known.kind if known is not None else full_name.partition(".")[0]


def full_name_of(word: str) -> str:
    """What a person's word for a kind means (``po``, ``deploy``); the word itself if it is none we know."""
    kind = registry.builtin(word)
    if kind is not None:
        return kind.resource.full_name
    lowered = word.lower()
    for name, resource in _WITHOUT_ENTRY.items():
        if lowered in (name, resource.plural, resource.singular):
            return name
    return lowered


def sorted_kinds(kinds: Sequence[str]) -> list[str]:
    """In the order in which they are read."""
    order = {kind: place for place, kind in enumerate((*INSIDE, *AROUND, *CUSTOM))}
    return sorted(kinds, key=lambda kind: (order.get(kind, len(order)), kind))
