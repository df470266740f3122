"""Nodes: heartbeats, and what the node controller does when they stop."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from backend.demo.ages import rfc3339, rfc3339_micro
from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active
from backend.demo.deleting import delete_one
from backend.demo.engine import Engine
from backend.demo.recorder import record
from backend.demo.store import Event, Key

LEASES = "coordination.k8s.io/leases"
_HEARTBEAT = 10.0
_EVICT_AFTER = 300.0
_UNREACHABLE = "node.kubernetes.io/unreachable"


class NodeController:
    watches = ("nodes",)

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine
        self._beating: set[str] = set()

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return [event.stored.key] if event.type == "ADDED" else []

    def reconcile(self, key: Key) -> None:
        name = key[1]
        if name not in self._beating:
            self._beating.add(name)
            self._beat(name)

    def _beat(self, name: str) -> None:
        node = self.cluster.store.get("nodes", "", name)
        if node is None:
            self._beating.discard(name)
            return
        if name not in self.cluster.dead_nodes:
            self._renew(name, node.uid)
        self._engine.later(_HEARTBEAT * self.cluster.random.uniform(0.9, 1.1), lambda: self._beat(name))

    def _renew(self, name: str, uid: str) -> None:
        held = self.cluster.store.get(LEASES, "kube-node-lease", name)
        spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": rfc3339_micro(time.time())}
        if held is not None:
            self.cluster.store.put(LEASES, held.object() | {"spec": spec})
            return
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
        meta = {"name": name, "namespace": "kube-node-lease", "ownerReferences": [owner]}
        self.cluster.add(LEASES, {"metadata": meta, "spec": spec})

    # -- losing and regaining a node ----------------------------------------------------------------

    def lose(self, name: str, *, since: float) -> None:
        """The node's kubelet fell silent at ``since``: NotReady, unreachable, its pods evicted in time."""
        stored = self.cluster.store.get("nodes", "", name)
        if stored is None:
            return
        self.cluster.dead_nodes.add(name)
        node = stored.object()
        at = rfc3339(since + 40)
        for condition in node["status"]["conditions"]:
            condition |= {
                "status": "Unknown",
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
                "lastTransitionTime": at,
                "lastHeartbeatTime": rfc3339(since),
            }
        node["spec"]["taints"] = [
            {"key": _UNREACHABLE, "effect": "NoSchedule", "timeAdded": at},
            {"key": _UNREACHABLE, "effect": "NoExecute", "timeAdded": at},
        ]
        self.cluster.store.put("nodes", node)
        self._say(node, "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        for pod in self._pods(name):
            self._unready(pod, at)
        left = since + 40 + _EVICT_AFTER - self.cluster.now()
        if left <= 0:
            self._evict(name)
        else:
            self._engine.later(left, lambda: self._evict(name))

    def regain(self, name: str) -> None:
        """The kubelet is back: Ready, no taints, deleted pods end at last."""
        stored = self.cluster.store.get("nodes", "", name)
        if stored is None:
            return
        self.cluster.dead_nodes.discard(name)
        node = stored.object()
        now = rfc3339(time.time())
        for condition in node["status"]["conditions"]:
            ready = condition["type"] == "Ready"
            condition |= {
                "status": "True" if ready else "False",
                "reason": "KubeletReady" if ready else f"KubeletHasNo{condition['type']}",
                "message": "kubelet is posting ready status" if ready else "kubelet has no pressure",
                "lastTransitionTime": now,
                "lastHeartbeatTime": now,
            }
        node["spec"].pop("taints", None)
        self.cluster.store.put("nodes", node)
        self._say(node, "NodeReady", f"Node {name} status is now: NodeReady")
        for pod in self._pods(name):
            if is_active(pod):
                held = {c["type"]: c for c in pod["status"].get("conditions") or ()}
                for kind in ("Ready", "ContainersReady"):
                    if kind in held:
                        held[kind] |= {"status": "True", "lastTransitionTime": now}
                        held[kind].pop("reason", None)
            self.cluster.store.put("pods", pod)

    def _pods(self, node: str) -> list[dict[str, Any]]:
        everything = [stored.object() for stored in self.cluster.store.collection("pods").ordered()]
        return [pod for pod in everything if pod["spec"].get("nodeName") == node]

    def _unready(self, pod: dict[str, Any], at: str) -> None:
        for condition in pod["status"].get("conditions") or ():
            if condition["type"] == "Ready" and condition["status"] == "True":
                condition |= {"status": "False", "lastTransitionTime": at}
        self.cluster.store.put("pods", pod)

    def _evict(self, node: str) -> None:
        """Taint eviction: the pods are marked, and stay Terminating while nobody can end them."""
        if node not in self.cluster.dead_nodes:
            return
        for pod in self._pods(node):
            tolerates = any(
                t.get("key") == _UNREACHABLE and "tolerationSeconds" not in t
                for t in pod["spec"].get("tolerations") or ()
            )
            owners = {ref["kind"] for ref in pod["metadata"].get("ownerReferences") or ()}
            if is_active(pod) and not tolerates and "DaemonSet" not in owners:
                meta = pod["metadata"]
                record(
                    self.cluster,
                    pod,
                    kind="Pod",
                    reason="TaintManagerEviction",
                    message=f"Marking for deletion Pod {meta['namespace']}/{meta['name']}",
                    component="taint-eviction-controller",
                )
                delete_one(self.cluster, "pods", (meta["namespace"], meta["name"]))

    def _say(self, node: dict[str, Any], reason: str, message: str) -> None:
        record(self.cluster, node, kind="Node", reason=reason, message=message, component="node-controller")
