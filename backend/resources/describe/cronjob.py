"""Cron jobs: when they run, how the last run went, and what they start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe import pod
from backend.resources.describe.sheet import Sheet
from backend.resources.duration import age

_OVERLAP = {
    "Allow": "runs may overlap",
    "Forbid": "a run is skipped while the last one still runs",
    "Replace": "a new run ends the last one",
}


def describe(sheet: Sheet, cron_job: Mapping[str, Any], now: float) -> None:
    spec, status = cron_job.get("spec") or {}, cron_job.get("status") or {}
    sheet.field("Schedule", spec.get("schedule"))
    sheet.field("Time zone", spec.get("timeZone") or "the controller's")
    sheet.field("Suspended", bool(spec.get("suspend")))
    policy = spec.get("concurrencyPolicy", "Allow")
    sheet.field("Overlap", f"{policy}: {_OVERLAP[policy]}" if policy in _OVERLAP else policy)
    deadline = spec.get("startingDeadlineSeconds")
    sheet.field("Start at the latest", f"{deadline}s after its time" if deadline is not None else "")
    for title, field in (("Last run", "lastScheduleTime"), ("Last success", "lastSuccessfulTime")):
        when = status.get(field)
        sheet.field(title, f"{when} ({age(when, now)} ago)" if when else "never")
    sheet.field("Running now", [job.get("name") for job in status.get("active") or ()])
    kept = spec.get("successfulJobsHistoryLimit", 3), spec.get("failedJobsHistoryLimit", 1)
    sheet.field("Keeps", f"{kept[0]} successful and {kept[1]} failed jobs")
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    for field, title in (
        ("completions", "Completions"),
        ("parallelism", "Parallelism"),
        ("backoffLimit", "Retries"),
    ):
        sheet.field(title, job.get(field))
    template = (job.get("template") or {}).get("spec") or {}
    pod.containers(sheet, template)
    pod.placement(sheet, template)
