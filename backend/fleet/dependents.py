"""What falls when an object is deleted: what it owns, and what lives inside it."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from typing import Any

from backend.fleet.objects import Found
from backend.kube.errors import KubeError
from backend.kube.objects import Item
from backend.resources import registry
from backend.resources.kind import Kind
from backend.text import SafeStr, safe_text

_OWNABLE = ("replicasets", "jobs", "pods")
"""Kinds that workloads own, owners before the owned."""
_INHABITANTS = (
    "pods",
    "deployments",
    "statefulsets",
    "daemonsets",
    "jobs",
    "services",
    "configmaps",
    "secrets",
    "persistentvolumeclaims",
)
_OWNERS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"}
COUNT_LIMIT = 5000
"""Objects of one kind after which counting stops: the preview must come soon."""


async def falls_with(found: Found) -> list[SafeStr]:  # noqa: PLR0911 - by kind
    """Sentences on what else goes. What could not be counted is said, not hidden."""
    resource = found.resource
    try:
        if resource.kind == "Namespace" and not resource.group:
            return await _inhabitants(found)
        if resource.kind == "Node" and not resource.group:
            return await _pods_on(found)
        if resource.kind in _OWNERS and resource.group in ("apps", "batch"):
            return await _owned(found)
    except KubeError as error:
        return [safe_text(f"what it owns could not be counted: {error.sentence}")]
    if resource.kind == "CustomResourceDefinition":
        return [safe_text(f"every {found.name} object of the cluster")]
    if resource.kind == "PersistentVolumeClaim":
        return [safe_text("its volume and the data on it, if its class reclaims by deleting")]
    return []


async def _inhabitants(found: Found) -> list[SafeStr]:
    counts = []
    for word in _INHABITANTS:
        items = await _items(found, word, found.name)
        if items:
            counts.append(_count(len(items), word))
    everything = ", ".join(counts) or "nothing of the common kinds"
    return [safe_text(f"everything in the namespace: {everything}; and objects of all other kinds")]


async def _pods_on(found: Found) -> list[SafeStr]:
    items = await _items(found, "pods", None, fields=f"spec.nodeName={found.name}")
    return [safe_text(f"{_count(len(items), 'pods')} on it, once its absence is noticed")] if items else []


async def _owned(found: Found) -> list[SafeStr]:
    """Owned objects of the common kinds, through any number of owners in between."""
    uids = {str((found.obj.get("metadata") or {}).get("uid", ""))}
    counts: Counter[str] = Counter()
    for word in _OWNABLE:
        for item in await _items(found, word, found.namespace):
            owners: Any = item.metadata.owner_references or ()
            if any(owner.uid in uids for owner in owners):
                uids.add(item.metadata.uid)
                counts[word] += 1
    return [safe_text(_count(number, word)) for word, number in counts.items()]


async def _items(found: Found, word: str, namespace: str | None, *, fields: str = "") -> list[Item]:
    kind: Kind | None = registry.builtin(word)
    assert kind is not None
    decoder = registry.struct_decoder(kind)
    items: list[Item] = []
    bodies = found.cluster.client.pages(
        kind.resource, namespace=namespace, fields=fields, accept=decoder.accept
    )
    async with aclosing(bodies):
        async for body in bodies:
            items += decoder.page(body).items
            if len(items) >= COUNT_LIMIT:
                break
    return items


def _count(number: int, plural: str) -> str:
    if number >= COUNT_LIMIT:
        return f"more than {COUNT_LIMIT} {plural}"
    return f"1 {plural[:-1]}" if number == 1 else f"{number} {plural}"
