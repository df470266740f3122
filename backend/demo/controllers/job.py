"""Jobs: pods that run to completion, retried up to the back-off limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.demo.ages import rfc3339
from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_ready, owned, owner_keys
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
        if _finished(obj) or obj["spec"].get("suspend"):
            return
        status = dict(obj.get("status") or {})
        status.setdefault("startTime", rfc3339(self.cluster.now()))
        pods = [item.object() for item in owned(self.cluster, stored.uid, "pods")]
        phases = [pod.get("status", {}).get("phase") for pod in pods]
        counts = {"succeeded": phases.count("Succeeded"), "failed": phases.count("Failed")}
        counts["active"] = len(pods) - counts["succeeded"] - counts["failed"]
        conditions = self._verdict(obj, pods, counts)
        if conditions:
            status["conditions"] = conditions
            if conditions[-1]["type"] == "Complete":
                status["completionTime"] = conditions[-1]["lastTransitionTime"]
        else:
            self._fill(stored.key, obj, counts)
        for name, count in counts.items():
            status.pop(name, None)
            if count:
                status[name] = count
        status |= {"ready": sum(map(is_ready, pods)), "terminating": 0, "uncountedTerminatedPods": {}}
        self._save(key, status)

    def _verdict(
        self, obj: dict[str, Any], pods: list[dict[str, Any]], counts: dict[str, int]
    ) -> list[dict[str, Any]]:
        """The conditions of a job that is decided; ends what still runs of a failed one."""
        if counts["succeeded"] >= obj["spec"].get("completions", 1):
            self._say(obj, "Completed", "Job completed")
            message = "Reached expected number of succeeded pods"
            return self._done("Complete", "CompletionsReached", message)
        restarts = sum(
            container.get("restartCount", 0)
            for pod in pods
            for container in pod.get("status", {}).get("containerStatuses") or ()
        )
        if max(counts["failed"], restarts) <= obj["spec"].get("backoffLimit", 6):
            return []
        message = "Job has reached the specified backoff limit"
        self._say(obj, "BackoffLimitExceeded", message, warning=True)
        for pod in pods:
            if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
                delete_one(self.cluster, "pods", (pod["metadata"]["namespace"], pod["metadata"]["name"]))
                counts["active"] -= 1
                counts["failed"] += 1
        return self._done("Failed", "BackoffLimitExceeded", message)

    def _fill(self, key: Key, obj: dict[str, Any], counts: dict[str, int]) -> None:
        """Create the pods that are missing, unless a failure has to be waited out."""
        left = obj["spec"].get("completions", 1) - counts["succeeded"]
        missing = min(obj["spec"].get("parallelism", 1), left) - counts["active"]
        if missing > 0 and self._may_retry(obj["metadata"]["uid"], key, counts["failed"]):
            for _ in range(missing):
                self._create(obj)
            counts["active"] += missing

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

    def _done(self, kind: str, reason: str, message: str) -> list[dict[str, Any]]:
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
