"""What a look at a cluster asks: server-side Tables without objects, nodes, and what the nodes use."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.bench.feeder.collection import Collection

NODES = 10
METRICS = "/apis/metrics.k8s.io/v1beta1/nodes"
_COLUMNS = {
    "pods": ("Name", "Ready", "Status", "Restarts", "Age"),
    "nodes": ("Name", "Status", "Roles", "Age", "Version"),
}


def table(plural: str, collection: Collection) -> bytes:
    """The Table of all pods or nodes, as ``includeObject=None`` asks for it."""
    if plural == "pods":
        name = collection.template.name
        cells = [
            [name(pod), "0/1", "CrashLoopBackOff", pod.restarts, "3d"]
            if pod.failing
            else [name(pod), "1/1", "Running", pod.restarts, "3d"]
            for pod in collection.pods.values()
        ]
    else:
        cells = [[_node(number), "Ready", "<none>", "90d", "v1.35.4"] for number in range(NODES)]
    return msgspec.json.encode(
        {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": str(collection.version)},
            "columnDefinitions": [{"name": name, "type": "string"} for name in _COLUMNS[plural]],
            "rows": [{"cells": row, "object": None} for row in cells],
        }
    )


def nodes() -> list[bytes]:
    """Whole nodes, as far as anybody looks."""
    return [msgspec.json.encode(_whole(number)) for number in range(NODES)]


def _whole(number: int) -> dict[str, Any]:
    room = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    return {
        "metadata": {"name": _node(number), "uid": f"node-{number}", "resourceVersion": "1"},
        "status": {
            "allocatable": room,
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.35.4"},
        },
    }


def metrics() -> bytes:
    """A NodeMetricsList: every node half busy."""
    usage = {"cpu": "8", "memory": "32Gi"}
    items = [{"metadata": {"name": _node(number)}, "usage": usage} for number in range(NODES)]
    return msgspec.json.encode({"kind": "NodeMetricsList", "items": items})


def _node(number: int) -> str:
    return f"node-{number:03d}"
