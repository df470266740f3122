"""Deployments: ReplicaSets per template, rolled out within surge and unavailability bounds."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Any

from backend.demo.ages import rfc3339, seconds_of
from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import (
    HASH_LABEL,
    owned,
    owner_keys,
    set_condition,
    template_hash,
    without_hash,
)
from backend.demo.controllers.replicaset import REPLICASETS
from backend.demo.engine import Engine
from backend.demo.pods import owner_reference
from backend.demo.recorder import record
from backend.demo.store import Event, Key, Stored

DEPLOYMENTS = "apps/deployments"
REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAX = "deployment.kubernetes.io/max-replicas"


class DeploymentController:
    watches = (DEPLOYMENTS, REPLICASETS)

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return owner_keys(self.cluster, collection, event, DEPLOYMENTS)

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(DEPLOYMENTS, *key)
        if stored is None or stored.terminating:
            return
        obj = stored.object()
        sets = [item.object() for item in owned(self.cluster, stored.uid, REPLICASETS)]
        digest = template_hash(obj["spec"]["template"])
        new = next(
            (rs for rs in sets if without_hash(rs["spec"]["template"]) == obj["spec"]["template"]), None
        )
        old = [rs for rs in sets if rs is not new]
        if new is None and not obj["spec"].get("paused"):
            new = self._create(obj, digest, old)
        elif new is not None:
            new = self._annotate(obj, new, _next_revision(old), raise_only=True)
        if new is not None:
            self._roll(obj, new, old)
            self._prune(obj, old)
        self._report(stored.key, obj, new)

    # -- rolling out ---------------------------------------------------------------------------------

    def _create(self, obj: dict[str, Any], digest: str, old: list[dict[str, Any]]) -> dict[str, Any]:
        meta, spec = obj["metadata"], obj["spec"]
        template = copy.deepcopy(spec["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = digest
        selector = copy.deepcopy(spec["selector"])
        selector.setdefault("matchLabels", {})[HASH_LABEL] = digest
        name = f"{meta['name']}-{digest}"
        taken = self.cluster.store.get(REPLICASETS, meta["namespace"], name)
        if taken is not None:
            name = f"{name[:-1]}{self.cluster.new_suffix(1)}"
        rs: dict[str, Any] = {
            "metadata": {
                "name": name,
                "namespace": meta["namespace"],
                "labels": dict(template["metadata"]["labels"]),
                "annotations": {REVISION: str(_next_revision(old))},
                "ownerReferences": [owner_reference(obj, "Deployment", "apps/v1")],
                "generation": 1,
            },
            "spec": {"replicas": 0, "selector": selector, "template": template},
            "status": {"replicas": 0},
        }
        self.cluster.add(REPLICASETS, rs)
        return rs

    def _annotate(
        self, obj: dict[str, Any], rs: dict[str, Any], revision: int, *, raise_only: bool
    ) -> dict[str, Any]:
        annotations = rs["metadata"].setdefault("annotations", {})
        if raise_only and int(annotations.get(REVISION, "0")) >= revision:
            return rs
        annotations[REVISION] = str(revision)
        return self._save(rs)

    def _roll(self, obj: dict[str, Any], new: dict[str, Any], old: list[dict[str, Any]]) -> None:
        spec = obj["spec"]
        desired = spec.get("replicas", 1)
        if spec.get("paused"):
            return
        if (spec.get("strategy") or {}).get("type") == "Recreate":
            for rs in old:
                self._scale(obj, rs, 0)
            if not any(rs.get("status", {}).get("replicas") for rs in old):
                self._scale(obj, new, desired)
            return
        surge, unavailable = _bounds(spec, desired)
        total = sum(rs["spec"]["replicas"] for rs in (new, *old))
        size = new["spec"]["replicas"]
        if size > desired:
            self._scale(obj, new, desired)
        elif size < desired and total < desired + surge:
            self._scale(obj, new, min(desired, size + desired + surge - total))
        self._shrink(obj, new, old, floor=desired - unavailable)

    def _shrink(
        self, obj: dict[str, Any], new: dict[str, Any], old: list[dict[str, Any]], *, floor: int
    ) -> None:
        total = sum(rs["spec"]["replicas"] for rs in (new, *old))
        new_missing = new["spec"]["replicas"] - _available(new)
        budget = total - floor - max(0, new_missing)
        for rs in old:  # the unhealthy replicas of old sets first
            sick = min(rs["spec"]["replicas"] - _available(rs), budget)
            if sick > 0:
                self._scale(obj, rs, rs["spec"]["replicas"] - sick)
                budget -= sick
        spare = min(budget, sum(_available(rs) for rs in (new, *old)) - floor)
        for rs in old:
            step = min(rs["spec"]["replicas"], spare)
            if step > 0:
                self._scale(obj, rs, rs["spec"]["replicas"] - step)
                spare -= step

    def _scale(self, obj: dict[str, Any], rs: dict[str, Any], size: int) -> None:
        before, desired = rs["spec"]["replicas"], obj["spec"].get("replicas", 1)
        surge, _ = _bounds(obj["spec"], desired)
        annotations = rs["metadata"].setdefault("annotations", {})
        marks = {_DESIRED: str(desired), _MAX: str(desired + surge)}
        if before == size and marks.items() <= annotations.items():
            return
        annotations.update(marks)
        rs["spec"]["replicas"] = size
        if before != size:
            rs["metadata"]["generation"] = rs["metadata"].get("generation", 1) + 1
        self._save(rs)
        if before != size:
            word = "up" if size > before else "down"
            record(
                self.cluster,
                obj,
                kind="Deployment",
                api_version="apps/v1",
                reason="ScalingReplicaSet",
                message=f"Scaled {word} replica set {rs['metadata']['name']} from {before} to {size}",
                component="deployment-controller",
            )

    def _save(self, rs: dict[str, Any]) -> dict[str, Any]:
        meta = rs["metadata"]
        stored = self.cluster.store.get(REPLICASETS, meta["namespace"], meta["name"])
        if stored is not None:
            self.cluster.store.put(REPLICASETS, rs)
        return rs

    def _prune(self, obj: dict[str, Any], old: list[dict[str, Any]]) -> None:
        empty = [rs for rs in old if not rs["spec"]["replicas"] and not rs.get("status", {}).get("replicas")]
        excess = len(empty) - obj["spec"].get("revisionHistoryLimit", 10)
        for rs in sorted(empty, key=_revision)[: max(0, excess)]:
            self.cluster.store.remove(REPLICASETS, (rs["metadata"]["namespace"], rs["metadata"]["name"]))

    # -- status --------------------------------------------------------------------------------------

    def _report(self, key: Key, before: dict[str, Any], new: dict[str, Any] | None) -> None:
        stored = self.cluster.store.get(DEPLOYMENTS, *key)
        if stored is None:
            return
        obj = stored.object()
        sets = [item.object() for item in owned(self.cluster, stored.uid, REPLICASETS)]
        desired = obj["spec"].get("replicas", 1)
        updated = 0
        if new is not None:
            obj["metadata"].setdefault("annotations", {})[REVISION] = new["metadata"]["annotations"][REVISION]
            fresh = next((rs for rs in sets if rs["metadata"]["uid"] == new["metadata"]["uid"]), new)
            updated = fresh.get("status", {}).get("replicas", 0)
        counts = {
            "replicas": sum(rs.get("status", {}).get("replicas", 0) for rs in sets),
            "updatedReplicas": updated,
            "readyReplicas": sum(rs.get("status", {}).get("readyReplicas", 0) for rs in sets),
            "availableReplicas": sum(map(_available, sets)),
        }
        counts["unavailableReplicas"] = max(0, desired - counts["availableReplicas"])
        status: dict[str, Any] = {"observedGeneration": obj["metadata"].get("generation", 1)}
        status.update({name: count for name, count in counts.items() if count})
        progressed = any(
            obj.get("status", {}).get(name, 0) != count
            for name, count in counts.items()
            if name != "replicas"
        )
        status["conditions"] = self._conditions(stored, obj, counts, new, progressed=progressed)
        obj["status"] = status
        self.cluster.change(DEPLOYMENTS, stored, obj)

    def _conditions(
        self,
        stored: Stored,
        obj: dict[str, Any],
        counts: dict[str, int],
        new: dict[str, Any] | None,
        *,
        progressed: bool,
    ) -> list[dict[str, Any]]:
        spec, now = obj["spec"], self.cluster.now()
        desired, at = spec.get("replicas", 1), rfc3339(now)
        held = list(obj.get("status", {}).get("conditions") or [])
        _, unavailable = _bounds(spec, desired)
        enough = counts["availableReplicas"] >= desired - unavailable
        held = set_condition(
            held,
            "Available",
            status="True" if enough else "False",
            reason="MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            message=f"Deployment {'has' if enough else 'does not have'} minimum availability.",
            at=at,
        )
        done = counts["updatedReplicas"] == counts["availableReplicas"] == counts["replicas"] == desired
        name = new["metadata"]["name"] if new else ""
        before = next((c for c in held if c["type"] == "Progressing"), None)
        deadline = spec.get("progressDeadlineSeconds", 600)
        if done:
            reason, message = "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
        elif before and before["reason"] == "NewReplicaSetAvailable" and not self._rolling(obj, counts):
            return held  # a finished rollout whose pods fail later does not progress again
        elif not progressed and before and now - seconds_of(before["lastUpdateTime"]) >= deadline:
            reason, message = "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.'
            # Before the demo began nobody looked; a real controller would have seen it at that moment.
            at = rfc3339(seconds_of(before["lastUpdateTime"]) + deadline)
        else:
            if progressed and before:
                held = [c for c in held if c is not before]
            reason, message = "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
            if before and before["reason"] == "ProgressDeadlineExceeded" and not progressed:
                return held
            self._engine.later(deadline + 1, lambda: self._engine.enqueue(self, stored.key))
        word = "False" if reason == "ProgressDeadlineExceeded" else "True"
        return set_condition(held, "Progressing", status=word, reason=reason, message=message, at=at)

    def _rolling(self, obj: dict[str, Any], counts: dict[str, int]) -> bool:
        return counts["updatedReplicas"] < counts["replicas"] or counts["updatedReplicas"] < obj["spec"].get(
            "replicas", 1
        )


def _available(rs: dict[str, Any]) -> int:
    return int(rs.get("status", {}).get("availableReplicas", 0))


def _revision(rs: dict[str, Any]) -> int:
    return int((rs["metadata"].get("annotations") or {}).get(REVISION, "0"))


def _next_revision(old: list[dict[str, Any]]) -> int:
    return max(map(_revision, old), default=0) + 1


def _bounds(spec: dict[str, Any], desired: int) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) as numbers: surge rounds up, unavailable down, never both zero."""
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), desired, math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), desired, math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, unavailable


def _share(value: Any, whole: int, rounded: Any) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return int(rounded(whole * int(value[:-1]) / 100))
    return int(value)
