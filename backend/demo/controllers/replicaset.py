"""ReplicaSets: as many pods as the spec says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active, is_ready, owned, owner_keys
from backend.demo.deleting import delete_one
from backend.demo.engine import Engine
from backend.demo.pods import owner_reference, pod_of_template
from backend.demo.recorder import record
from backend.demo.store import Event, Key

REPLICASETS = "apps/replicasets"


class ReplicaSetController:
    watches = (REPLICASETS, "pods")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return owner_keys(self.cluster, collection, event, REPLICASETS)

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(REPLICASETS, *key)
        if stored is None or stored.terminating:
            return
        obj = stored.object()
        pods = [item.object() for item in owned(self.cluster, stored.uid, "pods")]
        active = [pod for pod in pods if is_active(pod)]
        missing = obj["spec"].get("replicas", 1) - len(active)
        for _ in range(missing):
            active.append(self._create(obj))
        if missing < 0:
            for pod in _victims(active)[:-missing]:
                active.remove(pod)
                self._delete(obj, pod)
        self._report(stored.key, active)

    def _create(self, obj: dict[str, Any]) -> dict[str, Any]:
        meta = obj["metadata"]
        name = f"{meta['name'][:57]}-{self.cluster.new_suffix()}"
        pod = pod_of_template(
            obj["spec"]["template"],
            name=name,
            namespace=meta["namespace"],
            owner=owner_reference(obj, "ReplicaSet", "apps/v1"),
            labels={},
        )
        pod["metadata"]["generateName"] = f"{meta['name']}-"
        self.cluster.add("pods", pod)
        self._say(obj, "SuccessfulCreate", f"Created pod: {name}")
        return pod

    def _delete(self, obj: dict[str, Any], pod: dict[str, Any]) -> None:
        meta = pod["metadata"]
        delete_one(self.cluster, "pods", (meta["namespace"], meta["name"]))
        self._say(obj, "SuccessfulDelete", f"Deleted pod: {meta['name']}")

    def _say(self, obj: dict[str, Any], reason: str, message: str) -> None:
        record(
            self.cluster,
            obj,
            kind="ReplicaSet",
            api_version="apps/v1",
            reason=reason,
            message=message,
            component="replicaset-controller",
        )

    def _report(self, key: Key, active: list[dict[str, Any]]) -> None:
        stored = self.cluster.store.get(REPLICASETS, *key)
        if stored is None:
            return
        obj = stored.object()
        ready = sum(map(is_ready, active))
        status: dict[str, Any] = {"observedGeneration": obj["metadata"].get("generation", 1)}
        status["replicas"] = len(active)
        if active:
            status["fullyLabeledReplicas"] = len(active)
        if ready:
            status["readyReplicas"] = status["availableReplicas"] = ready
        obj["status"] = status
        self.cluster.change(REPLICASETS, stored, obj)


def _victims(active: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whom to delete first: unscheduled, then not ready, then the youngest (ActivePodsWithRanks)."""

    def rank(pod: dict[str, Any]) -> tuple[bool, bool]:
        return (bool(pod["spec"].get("nodeName")), is_ready(pod))

    youngest_first = sorted(active, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return sorted(youngest_first, key=rank)
