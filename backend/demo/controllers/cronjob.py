"""CronJobs: a job at each time of the schedule, the last few kept."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable
from typing import Any

from backend.demo.ages import rfc3339
from backend.demo.cluster import Cluster
from backend.demo.controllers.job import JOBS
from backend.demo.controllers.owned import owned, owner_keys
from backend.demo.deleting import delete_one
from backend.demo.engine import Engine
from backend.demo.pods import owner_reference
from backend.demo.recorder import record
from backend.demo.store import Event, Key, Stored

CRONJOBS = "batch/cronjobs"
_HORIZON = 2 * 86400
"""Seconds that are searched for the next time of a schedule; rarer ones wait for the next look."""


class CronJobController:
    watches = (CRONJOBS, JOBS)

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine
        self._armed: dict[str, str] = {}

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return owner_keys(self.cluster, collection, event, CRONJOBS)

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(CRONJOBS, *key)
        if stored is None or stored.terminating:
            return
        obj = stored.object()
        jobs = owned(self.cluster, stored.uid, JOBS)
        self._prune(obj, jobs)
        active = [job for job in jobs if not _ended(job.object())]
        status = dict(obj.get("status") or {})
        status.pop("active", None)
        if active:
            status["active"] = [
                {
                    "kind": "Job",
                    "namespace": job.namespace,
                    "name": job.name,
                    "uid": job.uid,
                    "apiVersion": "batch/v1",
                    "resourceVersion": str(job.rv),
                }
                for job in active
            ]
        succeeded = [job.object()["status"] for job in jobs if _ended(job.object()) == "Complete"]
        times = [str(status.get("lastSuccessfulTime", "")), *(s.get("completionTime", "") for s in succeeded)]
        if latest := max(times):
            status["lastSuccessfulTime"] = latest
        obj["status"] = status
        self.cluster.change(CRONJOBS, stored, obj)
        self._arm(stored, obj)

    def start_job(self, key: Key, at: float) -> None:
        """Create the job that is due at ``at``."""
        stored = self.cluster.store.get(CRONJOBS, *key)
        if stored is None or stored.terminating:
            return
        obj = stored.object()
        self._armed.pop(stored.uid, None)
        if obj["spec"].get("suspend"):
            return
        template = obj["spec"]["jobTemplate"]
        spec = copy.deepcopy(template["spec"])
        name = f"{obj['metadata']['name']}-{int(at) // 60}"
        if self.cluster.store.get(JOBS, stored.namespace, name) is None:
            job = {
                "metadata": {
                    "name": name,
                    "namespace": stored.namespace,
                    "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": rfc3339(at)},
                    "labels": dict((template.get("metadata") or {}).get("labels") or {}),
                    "ownerReferences": [owner_reference(obj, "CronJob", "batch/v1")],
                    "generation": 1,
                },
                "spec": spec,
            }
            job["metadata"]["uid"] = uid = self.cluster.new_uid()
            complete_job(job, uid)
            self.cluster.add(JOBS, job)
            record(
                self.cluster,
                obj,
                kind="CronJob",
                api_version="batch/v1",
                reason="SuccessfulCreate",
                message=f"Created job {name}",
                component="cronjob-controller",
            )
        obj.setdefault("status", {})["lastScheduleTime"] = rfc3339(at)
        self.cluster.change(CRONJOBS, stored, obj)

    def _arm(self, stored: Stored, obj: dict[str, Any]) -> None:
        schedule = obj["spec"].get("schedule", "")
        if self._armed.get(stored.uid) == schedule or self.cluster.moment is not None:
            return
        due = next_time(schedule, self.cluster.now())
        if due is None:
            return
        self._armed[stored.uid] = schedule
        wait = (due - self.cluster.now()) * self.cluster.speed
        self._engine.later(wait, lambda: self.start_job(stored.key, due))

    def _prune(self, obj: dict[str, Any], jobs: list[Stored]) -> None:
        limits = {
            "Complete": obj["spec"].get("successfulJobsHistoryLimit", 3),
            "Failed": obj["spec"].get("failedJobsHistoryLimit", 1),
        }
        for outcome, limit in limits.items():
            ended = [job for job in jobs if _ended(job.object()) == outcome]
            ended.sort(key=lambda job: job.name)
            for job in ended[: max(0, len(ended) - limit)]:
                delete_one(self.cluster, JOBS, job.key)


def complete_job(job: dict[str, Any], uid: str) -> None:
    """The selector and labels that the server gives a new job."""
    name = job["metadata"]["name"]
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    spec = job["spec"]
    spec.setdefault("parallelism", 1)
    spec.setdefault("completions", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    spec.setdefault("selector", {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    meta = spec["template"].setdefault("metadata", {})
    meta["labels"] = {**(meta.get("labels") or {}), **labels}
    job["metadata"]["labels"] = {**(job["metadata"].get("labels") or {}), **labels}


def _ended(job: dict[str, Any]) -> str:
    for condition in job.get("status", {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""


def next_time(schedule: str, after: float) -> float | None:
    """The first minute after ``after`` that a five-field cron schedule names (UTC); None if none is near."""
    fields = schedule.split()
    if len(fields) != 5:
        return None
    ranges = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
    try:
        minutes, hours, days, months, weekdays = (
            _field(text, low, high) for text, (low, high) in zip(fields, ranges, strict=True)
        )
    except ValueError:
        return None
    moment = (int(after) // 60 + 1) * 60
    for candidate in range(moment, moment + _HORIZON, 60):
        at = time.gmtime(candidate)
        if (
            at.tm_min in minutes
            and at.tm_hour in hours
            and at.tm_mday in days
            and at.tm_mon in months
            and (at.tm_wday + 1) % 7 in weekdays
        ):
            return float(candidate)
    return None


def _field(text: str, low: int, high: int) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            start, stop = low, high
        elif "-" in span:
            start, stop = (int(word) for word in span.split("-"))
        else:
            start = int(span)
            stop = high if step else start
        values.update(range(start, stop + 1, int(step or 1)))
    return values
