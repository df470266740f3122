"""Deletion: graceful, with finalizers and propagation, as the generic registry does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend.demo.ages import rfc3339
from backend.demo.store import Key, Stored

if TYPE_CHECKING:
    from backend.demo.cluster import Cluster

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions"
"""Their own storage marks them, without a grace period or a new generation."""
_PROPAGATION = {"Foreground": FOREGROUND, "Orphan": ORPHAN}


def delete_one(
    cluster: Cluster,
    collection: str,
    key: Key,
    *,
    grace: int | None = None,
    propagation: str = "Background",
    dry_run: bool = False,
) -> tuple[dict[str, Any] | None, bool]:
    """Delete or mark one object; returns its last version and whether it is gone already.

    A pod on a node gets its grace period and is removed by the kubelet; an object with finalizers stays
    until they are taken away; a namespace until its content is gone.
    """
    stored = cluster.store.get(collection, *key)
    if stored is None:
        return None, True
    obj = stored.object()
    period = _grace(collection, obj, grace)
    finalizer = _PROPAGATION.get(propagation)
    if finalizer and finalizer not in stored.finalizers:
        obj["metadata"]["finalizers"] = [*stored.finalizers, finalizer]
    held = bool(obj["metadata"].get("finalizers"))
    waits = held or period > 0 or collection == "namespaces"
    if not waits:
        if dry_run:
            return obj, True
        return (cluster.store.remove(collection, key) or stored).object(), True
    if _mark(cluster, collection, obj, period) and not dry_run:
        cluster.store.put(collection, obj)
    return obj, False


def _mark(cluster: Cluster, collection: str, obj: dict[str, Any], period: int) -> bool:
    meta = obj["metadata"]
    if "deletionTimestamp" in meta and meta.get("deletionGracePeriodSeconds", 0) <= period:
        return False
    meta["deletionTimestamp"] = rfc3339(cluster.now() + period)
    if collection == _DEFINITIONS:
        return True
    meta["deletionGracePeriodSeconds"] = period
    if "generation" in meta:
        meta["generation"] += 1
    if collection == "namespaces":
        obj.setdefault("status", {})["phase"] = "Terminating"
    return True


def _grace(collection: str, obj: dict[str, Any], asked: int | None) -> int:
    if collection != "pods":
        return 0
    done = obj.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if not obj["spec"].get("nodeName") or done:
        return 0
    if asked is not None:
        return asked
    return int(obj["spec"].get("terminationGracePeriodSeconds", 30))


def finish_if_free(cluster: Cluster, collection: str, stored: Stored) -> bool:
    """Remove a terminating object whose last finalizer is gone; True if it was removed."""
    if stored.terminating and not stored.finalizers and collection not in ("pods", "namespaces"):
        cluster.store.remove(collection, stored.key)
        return True
    return False
