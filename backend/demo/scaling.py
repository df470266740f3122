"""The scale subresource: autoscaling/v1 Scale, a small window on a workload."""

from __future__ import annotations

from typing import Any

from backend.demo.catalog import Resource
from backend.demo.printers.workloads import selector_text
from backend.demo.status import bad_request, invalid
from backend.demo.store import Stored


def scale_of(resource: Resource, stored: Stored) -> dict[str, Any]:
    """The Scale of a workload."""
    obj = stored.object()
    meta = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    spec, status = obj.get("spec", {}), obj.get("status", {})
    size = spec.get("replicas", 1)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in kept if name in meta},
        "spec": {"replicas": size} if size else {},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": selector_text(spec.get("selector"), empty=""),
        },
    }


def merged_scale(resource: Resource, obj: dict[str, Any], scale: dict[str, Any]) -> dict[str, Any]:
    """The workload with the replicas of a Scale; raises ApiError 400 or 422."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request("spec.replicas must be a number")
    if replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        name = obj["metadata"]["name"]
        raise invalid("autoscaling", "Scale", name, [("FieldValueInvalid", message, "spec.replicas")])
    obj["spec"]["replicas"] = replicas
    return obj
