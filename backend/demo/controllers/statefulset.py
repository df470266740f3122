"""StatefulSets: numbered pods, one after the other, each with its claims."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active, is_ready, owned, owner_keys, template_hash
from backend.demo.deleting import delete_one
from backend.demo.engine import Engine
from backend.demo.pods import owner_reference, pod_of_template
from backend.demo.recorder import record
from backend.demo.store import Event, Key

STATEFULSETS = "apps/statefulsets"
_REVISION_LABEL = "controller-revision-hash"


class StatefulSetController:
    watches = (STATEFULSETS, "pods")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return owner_keys(self.cluster, collection, event, STATEFULSETS)

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(STATEFULSETS, *key)
        if stored is None or stored.terminating:
            return
        obj = stored.object()
        pods = {_ordinal(item.name): item.object() for item in owned(self.cluster, stored.uid, "pods")}
        self._step(obj, pods)
        self._report(key, pods)

    def _step(self, obj: dict[str, Any], pods: dict[int, dict[str, Any]]) -> None:
        """One change at a time, in order, unless the policy is Parallel."""
        wanted = obj["spec"].get("replicas", 1)
        parallel = obj["spec"].get("podManagementPolicy") == "Parallel"
        revision = _revision(obj)
        for ordinal in range(wanted):
            pod = pods.get(ordinal)
            if pod is None:
                pods[ordinal] = self._create(obj, ordinal, revision)
            elif not is_active(pod) and "deletionTimestamp" not in pod["metadata"]:
                self._delete(pod)
                return
            if not parallel and not is_ready(pods[ordinal]):
                return
        surplus = sorted((n for n in pods if n >= wanted), reverse=True)
        outdated = [
            n
            for n in sorted(pods, reverse=True)
            if pods[n]["metadata"]["labels"].get(_REVISION_LABEL) != revision
        ]
        for ordinal in [*surplus, *outdated][:1]:
            if "deletionTimestamp" not in pods[ordinal]["metadata"]:
                self._delete(pods[ordinal])

    def _create(self, obj: dict[str, Any], ordinal: int, revision: str) -> dict[str, Any]:
        meta = obj["metadata"]
        name = f"{meta['name']}-{ordinal}"
        pod = pod_of_template(
            obj["spec"]["template"],
            name=name,
            namespace=meta["namespace"],
            owner=owner_reference(obj, "StatefulSet", "apps/v1"),
            labels={
                "apps.kubernetes.io/pod-index": str(ordinal),
                _REVISION_LABEL: revision,
                "statefulset.kubernetes.io/pod-name": name,
            },
        )
        pod["metadata"]["generateName"] = f"{meta['name']}-"
        pod["spec"] |= {"hostname": name, "subdomain": obj["spec"].get("serviceName", "")}
        volumes = pod["spec"].setdefault("volumes", [])
        for claim in obj["spec"].get("volumeClaimTemplates") or ():
            claim_name = f"{claim['metadata']['name']}-{name}"
            volumes.append(
                {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}}
            )
            self._claim(obj, claim, claim_name)
        self.cluster.add("pods", pod)
        self._say(obj, "SuccessfulCreate", f"create Pod {name} in StatefulSet {meta['name']} successful")
        return pod

    def _claim(self, obj: dict[str, Any], claim: dict[str, Any], name: str) -> None:
        namespace = obj["metadata"]["namespace"]
        if self.cluster.store.get("persistentvolumeclaims", namespace, name) is not None:
            return
        self.cluster.add(
            "persistentvolumeclaims",
            {
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": dict(obj["spec"]["selector"].get("matchLabels") or {}),
                    "finalizers": ["kubernetes.io/pvc-protection"],
                },
                "spec": copy.deepcopy(claim["spec"]),
                "status": {"phase": "Pending"},
            },
        )

    def _delete(self, pod: dict[str, Any]) -> None:
        delete_one(self.cluster, "pods", (pod["metadata"]["namespace"], pod["metadata"]["name"]))

    def _say(self, obj: dict[str, Any], reason: str, message: str) -> None:
        record(
            self.cluster,
            obj,
            kind="StatefulSet",
            api_version="apps/v1",
            reason=reason,
            message=message,
            component="statefulset-controller",
        )

    def _report(self, key: Key, pods: dict[int, dict[str, Any]]) -> None:
        stored = self.cluster.store.get(STATEFULSETS, *key)
        if stored is None:
            return
        obj = stored.object()
        revision = _revision(obj)
        live = [pod for pod in pods.values() if is_active(pod)]
        current = sum(pod["metadata"]["labels"].get(_REVISION_LABEL) == revision for pod in live)
        ready = sum(map(is_ready, live))
        name = f"{obj['metadata']['name']}-{revision}"
        status: dict[str, Any] = {
            "observedGeneration": obj["metadata"].get("generation", 1),
            "replicas": len(live),
            "readyReplicas": ready,
            "currentReplicas": current,
            "updatedReplicas": current,
            "availableReplicas": ready,
            "currentRevision": name,
            "updateRevision": name,
            "collisionCount": 0,
        }
        before = obj.get("status", {}).get("currentRevision")
        if current < len(live) and before:
            status["currentRevision"] = before
            status["currentReplicas"] = len(live) - current
        obj["status"] = {k: v for k, v in status.items() if v or k in ("replicas", "collisionCount")}
        obj["status"].setdefault("availableReplicas", 0)
        self.cluster.change(STATEFULSETS, stored, obj)


def _revision(obj: dict[str, Any]) -> str:
    return f"{obj['metadata']['name']}-{template_hash(obj['spec']['template'])}"[-63:]


def _ordinal(name: str) -> int:
    text = name.rpartition("-")[2]
    return int(text) if text.isdigit() else 1 << 30
