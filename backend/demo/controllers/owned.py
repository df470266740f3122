"""What controllers share about the objects they own."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from backend.demo.cluster import Cluster
from backend.demo.recorder import hash_text
from backend.demo.store import Event, Key, Stored

HASH_LABEL = "pod-template-hash"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


def owned(cluster: Cluster, uid: str, collection: str) -> list[Stored]:
    """The objects of one collection that name this owner, oldest first."""
    items = cluster.store.collection(collection).items
    found = [
        items[key]
        for held, key in cluster.store.dependents.get(uid, ())
        if held == collection and key in items
    ]
    return sorted(found, key=lambda stored: (stored.rv, stored.name))


def owner_keys(cluster: Cluster, collection: str, event: Event, owners: str) -> list[Key]:
    """Keys of the owners (in collection ``owners``) of the object an event is about."""
    if collection == owners:
        return [event.stored.key]
    found = (cluster.store.located.get(uid) for uid in event.stored.owners)
    return [place[1] for place in found if place is not None and place[0] == owners]


def template_hash(template: dict[str, Any]) -> str:
    """Ten letters that name a pod template, as in a ReplicaSet's name."""
    value = hash_text(msgspec.json.encode(template, order="sorted").decode())
    letters = []
    for _ in range(10):
        value, rest = divmod(value, len(_SAFE))
        letters.append(_SAFE[rest])
    return "".join(letters)


def without_hash(template: dict[str, Any]) -> dict[str, Any]:
    plain = copy.deepcopy(template)
    ((plain.get("metadata") or {}).get("labels") or {}).pop(HASH_LABEL, None)
    return plain


def is_active(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in (
        "Succeeded",
        "Failed",
    )


def is_ready(pod: dict[str, Any]) -> bool:
    return any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions") or ()
    )


def set_condition(
    conditions: list[dict[str, Any]], kind: str, *, status: str, reason: str, message: str, at: str
) -> list[dict[str, Any]]:
    """The conditions with one replaced; its transition time moves only with its status."""
    entry = {
        "type": kind,
        "status": status,
        "lastUpdateTime": at,
        "lastTransitionTime": at,
        "reason": reason,
        "message": message,
    }
    for old in conditions:
        if old["type"] == kind:
            if (old["status"], old["reason"], old["message"]) == (status, reason, message):
                return conditions
            if old["status"] == status:
                entry["lastTransitionTime"] = old["lastTransitionTime"]
    return [c for c in conditions if c["type"] != kind] + [entry]
