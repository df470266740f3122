"""What kinds are for: the boxes in which a namespace or an application is shown."""

from __future__ import annotations

from functools import cache

CONTROL, NETWORK, CONFIGURATION = "Control", "Network", "Configuration"
STORAGE, IDENTITY, CLUSTER, OTHER = "Storage", "Identity", "Cluster", "Other"
GROUPS = (CONTROL, NETWORK, CONFIGURATION, STORAGE, IDENTITY, CLUSTER, OTHER)
_BY_GROUP = {
    "apps": CONTROL,
    "batch": CONTROL,
    "autoscaling": CONTROL,
    "policy": CONTROL,
    "networking.k8s.io": NETWORK,
    "discovery.k8s.io": NETWORK,
    "gateway.networking.k8s.io": NETWORK,
    "storage.k8s.io": STORAGE,
    "snapshot.storage.k8s.io": STORAGE,
    "rbac.authorization.k8s.io": IDENTITY,
    "scheduling.k8s.io": CLUSTER,
    "admissionregistration.k8s.io": CLUSTER,
    "apiregistration.k8s.io": CLUSTER,
    "apiextensions.k8s.io": CLUSTER,
}
_BY_KIND = {
    "pods": CONTROL,
    "replicationcontrollers": CONTROL,
    "services": NETWORK,
    "endpoints": NETWORK,
    "configmaps": CONFIGURATION,
    "secrets": CONFIGURATION,
    "persistentvolumeclaims": STORAGE,
    "persistentvolumes": STORAGE,
    "serviceaccounts": IDENTITY,
    "nodes": CLUSTER,
    "namespaces": CLUSTER,
}


@cache
def group_of(kind: str) -> str:
    """The box of a kind, by its full name."""
    plural, _, group = kind.partition(".")
    return _BY_KIND.get(plural, OTHER) if not group else _BY_GROUP.get(group, OTHER)
