"""Rows of nodes, namespaces, events, leases and the small configuration kinds."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import age

_ROLE = "node-role.kubernetes.io/"


def _created(obj: dict[str, Any]) -> str:
    return age(obj["metadata"].get("creationTimestamp"))


def _node(obj: dict[str, Any]) -> list[Any]:
    labels, status = obj["metadata"].get("labels") or {}, obj.get("status", {})
    ready = next((c for c in status.get("conditions") or () if c["type"] == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"]
    if obj.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    roles = {key[len(_ROLE) :] for key in labels if key.startswith(_ROLE) and len(key) > len(_ROLE)}
    if labels.get("kubernetes.io/role"):
        roles.add(labels["kubernetes.io/role"])
    info = status.get("nodeInfo") or {}
    addresses: dict[str, str] = {}
    for entry in status.get("addresses") or ():
        addresses.setdefault(entry["type"], entry["address"])
    return [
        obj["metadata"]["name"],
        ",".join(words),
        ",".join(sorted(roles)) or "<none>",
        _created(obj),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", "<none>"),
        addresses.get("ExternalIP", "<none>"),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _namespace(obj: dict[str, Any]) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("status", {}).get("phase", ""), _created(obj)]


def _config_map(obj: dict[str, Any]) -> list[Any]:
    count = len(obj.get("data") or ()) + len(obj.get("binaryData") or ())
    return [obj["metadata"]["name"], count, _created(obj)]


def _secret(obj: dict[str, Any]) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("type", ""), len(obj.get("data") or ()), _created(obj)]


def _service_account(obj: dict[str, Any]) -> list[Any]:
    return [obj["metadata"]["name"], _created(obj)]


def _lease(obj: dict[str, Any]) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("spec", {}).get("holderIdentity") or "", _created(obj)]


def _event(obj: dict[str, Any]) -> list[Any]:
    first = age(obj.get("firstTimestamp") or obj.get("eventTime"))
    last = age(obj["lastTimestamp"]) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    if obj.get("series"):
        last, count = age(obj["series"]["lastObservedTime"]), obj["series"]["count"]
    target = obj.get("involvedObject") or {}
    kind, name = target.get("kind", "").lower(), target.get("name")
    source = obj.get("source") or {}
    parts = (
        source.get("component") or obj.get("reportingComponent"),
        source.get("host") or obj.get("reportingInstance"),
    )
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{name}" if name else kind,
        target.get("fieldPath", ""),
        ", ".join(part for part in parts if part),
        obj.get("message", "").strip(),
        first,
        count,
        obj["metadata"]["name"],
    ]


def _priority_class(obj: dict[str, Any]) -> list[Any]:
    return [
        obj["metadata"]["name"],
        obj.get("value", 0),
        bool(obj.get("globalDefault")),
        _created(obj),
        obj.get("preemptionPolicy", "PreemptLowerPriority"),
    ]


CELLS = {
    "nodes": _node,
    "namespaces": _namespace,
    "configmaps": _config_map,
    "secrets": _secret,
    "serviceaccounts": _service_account,
    "coordination.k8s.io/leases": _lease,
    "events": _event,
    "scheduling.k8s.io/priorityclasses": _priority_class,
}
