"""Events: what a controller says about an object, repeated ones counted."""

from __future__ import annotations

import time
from typing import Any, Literal

from backend.demo.ages import HOUR, rfc3339
from backend.demo.cluster import Cluster

KEPT = HOUR
"""Seconds until an event is forgotten (kube-apiserver's --event-ttl)."""
_Severity = Literal["Normal", "Warning"]


def record(
    cluster: Cluster,
    obj: dict[str, Any],
    *,
    kind: str,
    reason: str,
    message: str,
    component: str,
    severity: _Severity = "Normal",
    api_version: str = "v1",
    host: str = "",
    field: str = "",
    count: int = 1,
    first: float | None = None,
) -> None:
    """Record an event about ``obj``; the same one again raises its count (client-go's correlator)."""
    if cluster.moment is not None and cluster.moment < time.time() - KEPT:
        return  # of a past that nobody would find any more
    meta = obj["metadata"]
    namespace = meta.get("namespace") or "default"
    now = cluster.now()
    digest = f"{hash_text(meta['uid'] + reason + message + field):016x}"
    name = f"{meta['name']}.{digest}"
    held = cluster.store.get("events", namespace, name)
    if held is not None:
        event = held.object()
        event["count"] += count
        event["lastTimestamp"] = rfc3339(now)
        cluster.store.put("events", event)
        return
    involved = {
        "kind": kind,
        "namespace": meta.get("namespace", ""),
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": api_version,
        "resourceVersion": meta.get("resourceVersion", ""),
    }
    if field:
        involved["fieldPath"] = field
    cluster.add(
        "events",
        {
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {key: value for key, value in involved.items() if value},
            "reason": reason,
            "message": message,
            "source": {"component": component, **({"host": host} if host else {})},
            "firstTimestamp": rfc3339(now if first is None else first),
            "lastTimestamp": rfc3339(now),
            "count": count,
            "type": severity,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": host,
        },
    )


def hash_text(text: str) -> int:
    """FNV-1a, 64 bits: the same in every run, unlike ``hash``."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
