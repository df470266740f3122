"""Events: what a controller says about an object, repeated ones counted."""

from __future__ import annotations

import time
from typing import Any, Literal

from backend.demo.ages import HOUR, rfc3339, rfc3339_micro
from backend.demo.cluster import Cluster

KEPT = HOUR
"""Seconds until an event is forgotten (kube-apiserver's --event-ttl)."""
_NEWER = frozenset({"default-scheduler"})
"""Components that write events through events.k8s.io/v1: a time, and a series when it repeats."""
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
        _repeat(event, count, now)
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
    told: dict[str, Any] = {
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {key: value for key, value in involved.items() if value},
        "reason": reason,
        "message": message,
        "type": severity,
    }
    begun = now if first is None else first
    if component in _NEWER:
        told |= _newer(component, host, reason, begun)
        if count > 1:
            _repeat(told, count - 1, now)
    else:
        told |= {
            "source": {"component": component, **({"host": host} if host else {})},
            "firstTimestamp": rfc3339(begun),
            "lastTimestamp": rfc3339(now),
            "count": count,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": host,
        }
    cluster.add("events", told)


def _newer(component: str, host: str, reason: str, begun: float) -> dict[str, Any]:
    """What the recorder of events.k8s.io/v1 writes, as core/v1 shows it."""
    return {
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": rfc3339_micro(begun),
        "reportingComponent": component,
        "reportingInstance": f"{component}-{host or 'control-plane-1'}",
        "action": "Binding" if reason == "Scheduled" else "Scheduling",
    }


def _repeat(event: dict[str, Any], times: int, now: float) -> None:
    """It happened so many times more: counted in either API's way."""
    if event.get("reportingComponent") in _NEWER:
        before = (event.get("series") or {"count": 1})["count"]
        event["series"] = {"count": before + times, "lastObservedTime": rfc3339_micro(now)}
        return
    event["count"] += times
    event["lastTimestamp"] = rfc3339(now)


def hash_text(text: str) -> int:
    """FNV-1a, 64 bits: the same in every run, unlike ``hash``."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
