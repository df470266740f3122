"""DaemonSets: one pod on each node that fits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active, is_ready, owned, owner_keys, template_hash
from backend.demo.deleting import delete_one
from backend.demo.engine import Engine
from backend.demo.pods import owner_reference, pod_of_template
from backend.demo.recorder import record
from backend.demo.store import Event, Key

DAEMONSETS = "apps/daemonsets"
_HASH = "controller-revision-hash"


class DaemonSetController:
    watches = (DAEMONSETS, "pods", "nodes")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        if collection != "nodes":
            return owner_keys(self.cluster, collection, event, DAEMONSETS)
        if event.type == "MODIFIED":
            return []
        return list(self.cluster.store.collection(DAEMONSETS).items)

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(DAEMONSETS, *key)
        if stored is None or stored.terminating:
            return
        obj = stored.object()
        revision = template_hash(obj["spec"]["template"])
        selector = (obj["spec"]["template"]["spec"].get("nodeSelector") or {}).items()
        nodes = {
            node.name
            for node in self.cluster.store.collection("nodes").ordered()
            if selector <= node.labels.items()
        }
        by_node: dict[str, dict[str, Any]] = {}
        for item in owned(self.cluster, stored.uid, "pods"):
            pod = item.object()
            by_node[pod["spec"].get("nodeName", "")] = pod
        for node in sorted(nodes - by_node.keys()):
            by_node[node] = self._create(obj, node, revision)
        for node in by_node.keys() - nodes:
            self._delete(by_node[node])
        self._replace_outdated([by_node[node] for node in nodes], revision)
        self._report(key, [by_node[node] for node in nodes], revision)

    def _replace_outdated(self, pods: list[dict[str, Any]], revision: str) -> None:
        if not all(is_ready(pod) and is_active(pod) for pod in pods):
            return
        outdated = [pod for pod in pods if pod["metadata"]["labels"].get(_HASH) != revision]
        for pod in outdated[:1]:
            self._delete(pod)

    def _create(self, obj: dict[str, Any], node: str, revision: str) -> dict[str, Any]:
        meta = obj["metadata"]
        pod = pod_of_template(
            obj["spec"]["template"],
            name=f"{meta['name']}-{self.cluster.new_suffix()}",
            namespace=meta["namespace"],
            owner=owner_reference(obj, "DaemonSet", "apps/v1"),
            labels={_HASH: revision, "pod-template-generation": str(meta.get("generation", 1))},
        )
        pod["metadata"]["generateName"] = f"{meta['name']}-"
        pod["spec"]["nodeName"] = node
        self.cluster.add("pods", pod)
        record(
            self.cluster,
            obj,
            kind="DaemonSet",
            api_version="apps/v1",
            reason="SuccessfulCreate",
            message=f"Created pod: {pod['metadata']['name']}",
            component="daemonset-controller",
        )
        return pod

    def _delete(self, pod: dict[str, Any]) -> None:
        if "deletionTimestamp" not in pod["metadata"]:
            delete_one(self.cluster, "pods", (pod["metadata"]["namespace"], pod["metadata"]["name"]))

    def _report(self, key: Key, pods: list[dict[str, Any]], revision: str) -> None:
        stored = self.cluster.store.get(DAEMONSETS, *key)
        if stored is None:
            return
        obj = stored.object()
        ready = sum(is_ready(pod) and is_active(pod) for pod in pods)
        updated = sum(pod["metadata"]["labels"].get(_HASH) == revision for pod in pods)
        status = {
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": 0,
            "desiredNumberScheduled": len(pods),
            "numberReady": ready,
            "observedGeneration": obj["metadata"].get("generation", 1),
            "updatedNumberScheduled": updated,
            "numberAvailable": ready,
            "numberUnavailable": len(pods) - ready,
        }
        optional = ("updatedNumberScheduled", "numberAvailable", "numberUnavailable")
        obj["status"] = {k: v for k, v in status.items() if v or k not in optional}
        self.cluster.change(DAEMONSETS, stored, obj)
