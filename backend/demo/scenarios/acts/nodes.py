"""What happens to nodes."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase

from backend.demo.ages import rfc3339
from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active
from backend.demo.controllers.plane import ControlPlane
from backend.demo.recorder import record
from backend.demo.scenarios.acts.happening import Happening

_EVICTED_AFTER = 360.0
"""Seconds after which the pods of a silent node have been evicted."""
_PRESSURE = "node.kubernetes.io/disk-pressure"


class LoseNode(Happening, tag="lose-node", kw_only=True):
    """A node's kubelet falls silent; its pods are evicted five minutes later."""

    node: str = "*-node-*"
    """Glob; of those that match, one is chosen by chance."""

    def happen(self, plane: ControlPlane) -> None:
        cluster = plane.engine.cluster
        names = [name for name in _nodes(cluster, self.node) if name not in cluster.dead_nodes]
        if not names:
            return
        since = cluster.now()
        if cluster.moment is not None:
            cluster.moment = min(time.time(), since + _EVICTED_AFTER)
        plane.nodes.lose(cluster.random.choice(names), since=since)


class RegainNode(Happening, tag="regain-node", kw_only=True):
    """Silent nodes come back."""

    node: str = "*"

    def happen(self, plane: ControlPlane) -> None:
        for name in sorted(plane.engine.cluster.dead_nodes):
            if fnmatchcase(name, self.node):
                plane.nodes.regain(name)


class DiskPressure(Happening, tag="disk-pressure", kw_only=True):
    """A node's disk fills up: it takes no more pods and evicts some of its own."""

    node: str = "*-node-*"
    evict: int = 2

    def happen(self, plane: ControlPlane) -> None:
        cluster = plane.engine.cluster
        names = _nodes(cluster, self.node)
        if names:
            name = cluster.random.choice(names)
            _fill(cluster, name)
            _evict(cluster, name, self.evict)


def _nodes(cluster: Cluster, glob: str) -> list[str]:
    nodes = cluster.store.collection("nodes").ordered()
    return [stored.name for stored in nodes if fnmatchcase(stored.name, glob)]


def _fill(cluster: Cluster, name: str) -> None:
    stored = cluster.store.get("nodes", "", name)
    assert stored is not None
    node, now = stored.object(), rfc3339(cluster.now())
    for condition in node["status"]["conditions"]:
        if condition["type"] == "DiskPressure":
            condition |= {
                "status": "True",
                "reason": "KubeletHasDiskPressure",
                "message": "kubelet has disk pressure",
                "lastTransitionTime": now,
            }
    taints = node["spec"].setdefault("taints", [])
    if not any(taint["key"] == _PRESSURE for taint in taints):
        taints.append({"key": _PRESSURE, "effect": "NoSchedule", "timeAdded": now})
    cluster.store.put("nodes", node)
    for reason, text in (
        ("NodeHasDiskPressure", f"Node {name} status is now: NodeHasDiskPressure"),
        ("EvictionThresholdMet", "Attempting to reclaim ephemeral-storage"),
    ):
        record(cluster, node, kind="Node", reason=reason, message=text, component="kubelet", host=name)


def _evict(cluster: Cluster, node: str, count: int) -> None:
    """The kubelet's own eviction (k8s.io/kubernetes/pkg/kubelet/eviction): the pods stay, Failed."""
    text = "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 412Mi. "
    for stored in list(cluster.store.collection("pods").ordered()):
        if count < 1:
            return
        pod = stored.object()
        if pod["spec"].get("nodeName") != node or stored.namespace == "kube-system" or not is_active(pod):
            continue
        pod["status"] |= {"phase": "Failed", "reason": "Evicted", "message": text}
        pod["status"]["containerStatuses"] = []
        cluster.store.put("pods", pod)
        record(
            cluster, pod, kind="Pod", reason="Evicted", message=text, component="kubelet", severity="Warning"
        )
        count -= 1
