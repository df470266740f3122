"""ResourceQuota: what a namespace's objects use, and the refusal of what would exceed it.

Follows the quota admission plugin and its evaluators: counts of objects, and sums of requests and limits of
pods that have not ended. Scopes (``spec.scopes``, ``scopeSelector``) are not simulated: such quotas count
everything. Pods that controllers make are counted, but not refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backend.demo.catalog import Resource
from backend.demo.cluster import Cluster
from backend.demo.quantities import in_units, quantity
from backend.demo.status import forbidden

QUOTAS = "resourcequotas"
_COUNTED = {
    "pods": "pods",
    "services": "services",
    "configmaps": "configmaps",
    "secrets": "secrets",
    "persistentvolumeclaims": "persistentvolumeclaims",
    "replicationcontrollers": "replicationcontrollers",
    "resourcequotas": "resourcequotas",
}
_COMPUTE = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_ENDED = ("Succeeded", "Failed")


def admit(cluster: Cluster, resource: Resource, obj: dict[str, Any]) -> None:
    """Raises ApiError 403 if a quota of the namespace has no room for the new object."""
    namespace = obj["metadata"].get("namespace", "")
    for stored in list(cluster.store.collection(QUOTAS).items.values()):
        if stored.namespace != namespace:
            continue
        hard = (stored.object().get("spec") or {}).get("hard") or {}
        asked = {name: amount for name, amount in _uses(resource.key, obj) if name in hard}
        if resource.key == "pods" and (missing := [n for n in hard if n in _COMPUTE and not asked.get(n)]):
            why = f"failed quota: {stored.name}: must specify {','.join(sorted(missing))} for: "
            why += ",".join(container["name"] for container in obj["spec"]["containers"])
            raise forbidden(resource.group, resource.plural, obj["metadata"]["name"], why)
        used = usage(cluster, namespace, asked)
        over = sorted(name for name in asked if used[name] + asked[name] > quantity(hard[name]))
        if over:
            told = (
                ",".join(f"{name}={in_units(name, amounts[name])}" for name in over)
                for amounts in (asked, used, {name: quantity(hard[name]) for name in over})
            )
            why = "exceeded quota: {}, requested: {}, used: {}, limited: {}".format(stored.name, *told)
            raise forbidden(resource.group, resource.plural, obj["metadata"]["name"], why)


def usage(cluster: Cluster, namespace: str, names: Iterable[str]) -> dict[str, float]:
    """How much of each named quota resource the objects of a namespace use."""
    used = dict.fromkeys(names, 0.0)
    for key in {_collection(name) for name in used}:
        for stored in cluster.store.collection(key).items.values():
            if stored.namespace == namespace:
                for name, amount in _uses(key, stored.object()):
                    if name in used:
                        used[name] += amount
    return used


def _collection(name: str) -> str:
    """The collection whose objects a quota resource counts: ``count/deployments.apps``, ``requests.cpu``."""
    if name.startswith("count/"):
        plural, _, group = name.removeprefix("count/").partition(".")
        return f"{group}/{plural}" if group else plural
    if name == "requests.storage":
        return "persistentvolumeclaims"
    return _COUNTED.get(name, "pods")


def _uses(key: str, obj: dict[str, Any]) -> Iterator[tuple[str, float]]:
    group, _, plural = key.rpartition("/")
    yield f"count/{plural}.{group}" if group else f"count/{plural}", 1.0
    if key == "pods" and (obj.get("status") or {}).get("phase") in _ENDED:
        return
    if key in _COUNTED:
        yield key, 1.0
    if key == "pods":
        yield from _compute(obj)
    if key == "persistentvolumeclaims":
        yield "requests.storage", quantity(_nested(obj, "spec", "resources", "requests").get("storage"))


def _compute(pod: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for what in ("requests", "limits"):
        for name in ("cpu", "memory"):
            parts = [
                _nested(container, "resources", what).get(name) for container in pod["spec"]["containers"]
            ]
            total = sum(quantity(part) for part in parts)
            yield f"{what}.{name}", total
            if what == "requests":
                yield name, total


def _nested(obj: dict[str, Any], *path: str) -> dict[str, Any]:
    for name in path:
        obj = obj.get(name) or {}
    return obj
