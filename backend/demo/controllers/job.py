"""Jobs: pods that run to completion, retried up to the back-off limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.demo.ages import rfc3339
from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import owned, owner_keys
from backend.demo.deleting import delete_one
from backend.demo.engine import Engine
from backend.demo.pods import owner_reference, pod_of_template
from backend.demo.recorder import record
from backend.demo.store import Event, Key

JOBS = "batch/jobs"
_RETRY = 10.0


class JobController:
    watches = (JOBS, "pods")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine
        self._retry_at: dict[str, float] = {}

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return owner_keys(self.cluster, collection, event, JOBS)

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(JOBS, *key)
        if stored is None or stored.terminating:
            return
        obj = stored.object()
        if _finished(obj):
            return
        if obj["spec"].get("suspend"):
            return
        status = dict(obj.get("status") or {})
        status.setdefault("startTime", rfc3339(self.cluster.now()))
        pods = [item.object() for item in owned(self.cluster, stored.uid, "pods")]
        phases = [pod.get("status", {}).get("phase") for pod in pods]
        succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
        active = len(pods) - succeeded - failed
        restarts = sum(
            c.get("restartCount", 0) for p in pods for c in p.get("status", {}).get("containerStatuses") or ()
        )
        wanted = obj["spec"].get("completions", 1)
        limit = obj["spec"].get("backoffLimit", 6)
        conditions: list[dict[str, Any]] = []
        if succeeded >= wanted:
            conditions = self._done(
                obj, "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
            )
            status["completionTime"] = conditions[-1]["lastTransitionTime"]
            self._say(obj, "Completed", "Job completed")
        elif failed > limit or restarts > limit:
            message = "Job has reached the specified backoff limit"
            conditions = self._done(obj, "Failed", "BackoffLimitExceeded", message)
            self._say(obj, "BackoffLimitExceeded", message, warning=True)
            for pod in pods:
                if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
                    delete_one(self.cluster, "pods", (pod["metadata"]["namespace"], pod["metadata"]["name"]))
                    active, failed = active - 1, failed + 1
        else:
            parallel = min(obj["spec"].get("parallelism", 1), wanted - succeeded)
            if active < parallel and self._may_retry(stored.uid, stored.key, failed):
                for _ in range(parallel - active):
                    self._create(obj)
                active = parallel
        ready = sum(
            any(
                c["type"] == "Ready" and c["status"] == "True"
                for c in p.get("status", {}).get("conditions") or ()
            )
            for p in pods
        )
        counts = {"active": active, "succeeded": succeeded, "failed": failed}
        for name, count in counts.items():
            status.pop(name, None)
            if count:
                status[name] = count
        status |= {"ready": ready, "terminating": 0, "uncountedTerminatedPods": {}}
        if conditions:
            status["conditions"] = conditions
        self._save(key, status)

    def _may_retry(self, uid: str, key: Key, failed: int) -> bool:
        """After failures the next pod waits 10 s, 20 s, 40 s…"""
        if not failed or self.cluster.moment is not None:
            return True
        due = self._retry_at.setdefault(
            f"{uid}/{failed}", self.cluster.now() + _RETRY * 2 ** (failed - 1) / self.cluster.speed
        )
        wait = due - self.cluster.now()
        if wait <= 0:
            self._retry_at.pop(f"{uid}/{failed}", None)
            return True
        self._engine.later(wait * self.cluster.speed, lambda: self._engine.enqueue(self, key))
        return False

    def _done(self, obj: dict[str, Any], kind: str, reason: str, message: str) -> list[dict[str, Any]]:
        at = rfc3339(self.cluster.now())
        criteria = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        return [
            {
                "type": name,
                "status": "True",
                "lastProbeTime": at,
                "lastTransitionTime": at,
                "reason": reason,
                "message": message,
            }
            for name in (criteria, kind)
        ]

    def _create(self, obj: dict[str, Any]) -> None:
        meta = obj["metadata"]
        name = f"{meta['name'][:57]}-{self.cluster.new_suffix()}"
        pod = pod_of_template(
            obj["spec"]["template"],
            name=name,
            namespace=meta["namespace"],
            owner=owner_reference(obj, "Job", "batch/v1"),
            labels={},
        )
        pod["metadata"]["generateName"] = f"{meta['name']}-"
        self.cluster.add("pods", pod)
        self._say(obj, "SuccessfulCreate", f"Created pod: {name}")

    def _say(self, obj: dict[str, Any], reason: str, message: str, *, warning: bool = False) -> None:
        record(
            self.cluster,
            obj,
            kind="Job",
            api_version="batch/v1",
            reason=reason,
            message=message,
            component="job-controller",
            severity="Warning" if warning else "Normal",
        )

    def _save(self, key: Key, status: dict[str, Any]) -> None:
        stored = self.cluster.store.get(JOBS, *key)
        if stored is not None:
            obj = stored.object()
            obj["status"] = status
            self.cluster.change(JOBS, stored, obj)


def _finished(obj: dict[str, Any]) -> bool:
    return any(
        c["type"] in ("Complete", "Failed") and c["status"] == "True"
        for c in obj.get("status", {}).get("conditions") or ()
    )
