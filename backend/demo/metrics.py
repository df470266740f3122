"""metrics.k8s.io/v1beta1: what pods and nodes use, as a metrics server would report it.

Nothing is stored: usage follows from the requests, the seed and the time, so that the same seed at the same
moment gives the same numbers, and they move as the scenario does: a pod that does not run uses nothing, one
that is about to be OOM-killed climbs to its limit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from backend.demo.ages import rfc3339, seconds_of
from backend.demo.catalog import Resource
from backend.demo.quantities import quantity
from backend.demo.status import ApiError, not_found
from backend.demo.store import Stored

if TYPE_CHECKING:
    from backend.demo.cluster import Cluster

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
RESOLUTION = 15.0
"""Seconds between two measurements, as a metrics server's ``--metric-resolution``."""
_FIRST_AFTER = 15.0
"""Seconds a container runs before it has been measured."""
_NODE_CPU, _NODE_MEMORY = 0.12, 0.9 * 2**30
"""What a node's own system uses."""


def install_metrics(cluster: Cluster) -> None:
    """Serve the group, and say so in discovery and by an APIService."""
    cpu = {"name": "cpu", "type": "string"}
    memory = {"name": "memory", "type": "string"}
    window = {"name": "Window", "type": "string", "jsonPath": ".window"}
    for plural, kind, namespaced, at in (
        ("nodes", "NodeMetrics", False, ".usage"),
        ("pods", "PodMetrics", True, ".containers[0].usage"),
    ):
        resource = Resource(
            group=GROUP,
            version=VERSION,
            plural=plural,
            singular="",
            kind=kind,
            namespaced=namespaced,
            verbs=("get", "list"),
            custom=True,
        )
        cluster.catalog.custom[GROUP, VERSION, plural] = resource
        cluster.custom_columns[resource.key] = [
            cpu | {"jsonPath": f"{at}.cpu"},
            memory | {"jsonPath": f"{at}.memory"},
            window,
        ]
    cluster.add("apiregistration.k8s.io/apiservices", _api_service(cluster))


def _api_service(cluster: Cluster) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{VERSION}.{GROUP}", "labels": {"k8s-app": "metrics-server"}},
        "spec": {
            "group": GROUP,
            "version": VERSION,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
        },
        "status": {
            "conditions": [
                {
                    "type": "Available",
                    "status": "True",
                    "reason": "Passed",
                    "message": "all checks passed",
                    "lastTransitionTime": rfc3339(cluster.now()),
                }
            ]
        },
    }


def measured(cluster: Cluster, plural: str) -> list[Stored]:
    """The last measurement of every pod or node, in storage order."""
    moment = cluster.now() // RESOLUTION * RESOLUTION
    pods = list(_pods(cluster, moment))
    if plural == "pods":
        return [stored for stored, _ in pods]
    return list(_nodes(cluster, pods, moment))


def measured_one(cluster: Cluster, plural: str, namespace: str, name: str) -> Stored:
    """Raises ApiError 404 as a metrics server does for what it has not measured."""
    for stored in measured(cluster, plural):
        if stored.key == (namespace, name):
            return stored
    raise not_found(GROUP, plural, name) if plural == "nodes" else _no_pod(namespace, name)


def _no_pod(namespace: str, name: str) -> ApiError:
    return not_found(GROUP, "podmetrics", f"{namespace}/{name}")


def _pods(cluster: Cluster, moment: float) -> Iterator[tuple[Stored, str]]:
    """Each running pod's measurement, and the node it runs on."""
    for pod in cluster.store.collection("pods").ordered():
        obj = pod.object()
        node = obj["spec"].get("nodeName", "")
        states = {s["name"]: s for s in obj.get("status", {}).get("containerStatuses") or ()}
        if not node or node in cluster.dead_nodes or not states:
            continue
        containers = []
        for container in obj["spec"]["containers"]:
            running = (states.get(container["name"], {}).get("state") or {}).get("running")
            if running is None:
                continue
            age = moment - seconds_of(running["startedAt"])
            if age >= _FIRST_AFTER:
                cpu, memory = _usage(cluster, container, pod.uid, age, moment)
                containers.append({"name": container["name"], "usage": _written(cpu, memory)})
        if len(containers) == len(states):
            yield _stored(pod, {"containers": containers}, moment), node


def _nodes(cluster: Cluster, pods: list[tuple[Stored, str]], moment: float) -> Iterator[Stored]:
    cpu: dict[str, float] = {}
    memory: dict[str, float] = {}
    for pod, place in pods:
        for container in pod.object()["containers"]:
            cpu[place] = cpu.get(place, 0.0) + quantity(container["usage"]["cpu"])
            memory[place] = memory.get(place, 0.0) + quantity(container["usage"]["memory"])
    for node in cluster.store.collection("nodes").ordered():
        if node.name in cluster.dead_nodes:
            continue
        swing = _wave(f"{cluster.seed}/{node.name}", moment)
        usage = _written(
            _NODE_CPU * (1 + swing) + cpu.get(node.name, 0.0),
            _NODE_MEMORY * (1 + swing / 10) + memory.get(node.name, 0.0),
        )
        yield _stored(node, {"usage": usage}, moment)


def _usage(
    cluster: Cluster, container: dict[str, Any], uid: str, age: float, moment: float
) -> tuple[float, float]:
    """Cores and bytes of one running container."""
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    seed = f"{cluster.seed}/{uid}/{container['name']}"
    busy = 0.25 + 0.5 * _share(seed)
    cpu = (quantity(requests.get("cpu")) or 0.05) * busy * (1 + 0.6 * _wave(seed, moment))
    asked = quantity(requests.get("memory")) or 64 * 2**20
    memory = asked * (0.45 + 0.35 * _share(seed + "/memory")) * (1 + 0.05 * _wave(seed, moment))
    fate = cluster.behaviours.of(container)
    if fate.fate == "oom" and fate.after > 0:
        memory = (quantity(limits.get("memory")) or asked) * min(1.0, age * cluster.speed / fate.after)
    return cpu, memory


def _share(seed: str) -> float:
    """A number from 0 to 1 that the seed always gives."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 2**32


def _wave(seed: str, moment: float) -> float:
    """From -1 to 1, slowly and never twice alike: two tides of some minutes, each with its own phase."""
    phase = 2 * math.pi * _share(seed + "/phase")
    return 0.6 * math.sin(moment / 170 + phase) + 0.4 * math.sin(moment / 47 + 3 * phase)


def _written(cpu: float, memory: float) -> dict[str, str]:
    return {"cpu": f"{round(cpu * 1e9)}n", "memory": f"{round(memory / 1024)}Ki"}


def _stored(owner: Stored, content: dict[str, Any], moment: float) -> Stored:
    """A measurement under the name of what was measured; it has neither uid nor version of its own."""
    meta: dict[str, Any] = {"name": owner.name}
    if owner.namespace:
        meta["namespace"] = owner.namespace
    if owner.labels:
        meta["labels"] = owner.labels
    shown = {"metadata": meta | {"creationTimestamp": rfc3339(moment)}}
    shown |= {"timestamp": rfc3339(moment), "window": f"{RESOLUTION:g}s"} | content
    stored = Stored({"metadata": dict(meta, uid=owner.uid)}, owner.rv)
    stored.body = msgspec.json.encode(shown)
    return stored
