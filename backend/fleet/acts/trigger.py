"""Trigger a cron job: one run now, beside its schedule, as ``kubectl create job --from`` makes it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from backend.fleet.acts.act import Act, Obj, Plan, metadata_of, only, sentences, spec_of
from backend.fleet.acts.steps import Create
from backend.fleet.objects import Found
from backend.resources import registry
from backend.text import counted, safe_text

_LONGEST = 63
"""Characters of a job's name: it becomes a label of its pods."""


async def _draw_up(found: Found, answer: str) -> Plan:
    job = _job(found.obj, moment=time.time())
    name = job["metadata"]["name"]
    kind = registry.builtin("jobs")
    assert kind is not None
    return Plan(
        act="trigger",
        found=found,
        step=Create(resource=kind.resource, obj=job),
        effect=safe_text(f"job {name} starts now"),
        done=safe_text(f"triggered: job {name}"),
        basis=lambda obj: spec_of(obj).get("jobTemplate"),
        achieved=lambda answer: metadata_of(answer).get("name") == name,
        warnings=sentences(*_warnings(found.obj)),
    )


def _job(cron_job: Obj, *, moment: float) -> dict[str, Any]:
    template = spec_of(cron_job).get("jobTemplate") or {}
    metadata, own = template.get("metadata") or {}, metadata_of(cron_job)
    suffix = f"-manual-{int(moment):x}"
    # No blockOwnerDeletion: that would need a right on the cron job's finalizers.
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": own.get("name"),
        "uid": own.get("uid"),
        "controller": True,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{own.get('name', '')}"[: _LONGEST - len(suffix)] + suffix,
            "labels": metadata.get("labels") or {},
            "annotations": {
                **(metadata.get("annotations") or {}),
                "cronjob.kubernetes.io/instantiate": "manual",
            },
            "ownerReferences": [owner],
        },
        "spec": template.get("spec") or {},
    }


def _warnings(obj: Obj) -> Iterable[str]:
    active = len((obj.get("status") or {}).get("active") or ())
    if active:
        policy = spec_of(obj).get("concurrencyPolicy", "Allow")
        yield f"{counted(active, 'run')} under way: this one runs beside it, whatever its policy ({policy})"
    if spec_of(obj).get("suspend"):
        yield "it is suspended; this run starts all the same"


ACT = Act(
    "trigger",
    "Run now",
    unfit=only("cronjobs.batch", why="only cron jobs are run by hand"),
    draw_up=_draw_up,
)
