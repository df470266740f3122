"""Measurements as servers and kubelets write them, and pods and nodes to hold them against."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from backend.resources.kinds.node import Node
from backend.resources.kinds.pod import Pod, project
from backend.resources.pod_status import PodWire

MOMENT = 1_790_000_000.0
MI = 2.0**20


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod_metrics(
    name: str,
    *,
    namespace: str = "pay",
    at: float = MOMENT,
    cpu: str = "12m",
    memory: str = "96Mi",
    **containers: tuple[str, str],
) -> dict[str, Any]:
    """``containers``: (cpu, memory) of several instead of one."""
    used = containers or {"app": (cpu, memory)}
    return {
        "metadata": {"name": name, "namespace": namespace},
        "timestamp": stamp(at),
        "window": "15.2s",
        "containers": [
            {"name": one, "usage": {"cpu": amounts[0], "memory": amounts[1]}} for one, amounts in used.items()
        ],
    }


def node_metrics(name: str, *, at: float = MOMENT, cpu: str = "2", memory: str = "4Gi") -> dict[str, Any]:
    usage = {"cpu": cpu, "memory": memory}
    return {"metadata": {"name": name}, "timestamp": stamp(at), "window": "15s", "usage": usage}


def listed(kind: str, *items: Any) -> bytes:
    return json.dumps({"kind": kind, "items": list(items)}).encode()


def summary(node: str, *pods: dict[str, Any], at: float = MOMENT, **more: Any) -> dict[str, Any]:
    return {
        "node": {
            "nodeName": node,
            "cpu": {"time": stamp(at), "usageNanoCores": 1_500_000_000},
            "memory": {"time": stamp(at), "workingSetBytes": 3 * 2**30, "availableBytes": 5 * 2**30},
            "network": {"time": stamp(at), "rxBytes": 1000, "txBytes": 500},
            "fs": {"capacityBytes": 100 * 2**30, "availableBytes": 60 * 2**30, "usedBytes": 40 * 2**30},
        }
        | more,
        "pods": list(pods),
    }


def summary_pod(
    name: str, *, namespace: str = "pay", at: float = MOMENT, nanocores: Any = 12_000_000, **more: Any
) -> dict[str, Any]:
    container = {
        "name": "app",
        "cpu": {"time": stamp(at), "usageNanoCores": nanocores},
        "memory": {"time": stamp(at), "workingSetBytes": 96 * 2**20},
    }
    ref = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    return {"podRef": ref, "containers": [container]} | more


def container(name: str = "app", **amounts: str) -> dict[str, Any]:
    """``container(cpu="1", cpu_limit="2", memory_limit="1Gi")``."""
    requests = {key: value for key, value in amounts.items() if not key.endswith("_limit")}
    limits = {key.removesuffix("_limit"): value for key, value in amounts.items() if key.endswith("_limit")}
    return {"name": name, "resources": {"requests": requests, "limits": limits}}


def pod(
    name: str,
    *containers: dict[str, Any],
    namespace: str = "pay",
    node: str = "n1",
    phase: str = "Running",
    born: float = MOMENT - 3600,
    owner: tuple[str, str] | None = None,
    labels: dict[str, str] | None = None,
    status: dict[str, Any] | None = None,
) -> Pod:
    meta: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{name}",
        "creationTimestamp": stamp(born),
        "labels": labels or {},
    }
    if owner is not None:
        meta["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "uid": "o", "controller": True}]
    spec = {"containers": list(containers) or [container()], "nodeName": node}
    document = {"metadata": meta, "spec": spec, "status": {"phase": phase} | (status or {})}
    return project(msgspec.json.decode(json.dumps(document).encode(), type=PodWire))


def node(name: str, *, cpu: str = "4", memory: str = "8Gi", **status: Any) -> Node:
    document = {
        "metadata": {"name": name},
        "status": {"allocatable": {"cpu": cpu, "memory": memory}} | status,
    }
    return msgspec.json.decode(json.dumps(document).encode(), type=Node)
