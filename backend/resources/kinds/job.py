"""Jobs."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.duration import epoch, human_duration
from backend.resources.kind import (
    Column,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
)
from backend.resources.labels import LabelSelector
from backend.resources.workload import (
    CONTAINERS,
    IMAGES,
    Condition,
    PodTemplate,
    condition,
    is_true,
    said,
    selector_column,
)


class JobSpec(msgspec.Struct, frozen=True, gc=False):
    completions: int | None = None
    parallelism: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class JobStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    succeeded: int = 0
    failed: int = 0
    start_time: str | None = None
    completion_time: str | None = None
    conditions: list[Condition] | None = None


class Job(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


def _status(job: Job) -> str:
    conditions = job.status.conditions
    if is_true(conditions, "Complete"):
        return "Complete"
    if is_true(conditions, "Failed"):
        return "Failed"
    if job.metadata.deletion_timestamp is not None:
        return "Terminating"
    for state in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if is_true(conditions, state):
            return state
    return "Running"


def _completions(job: Job) -> str:
    if job.spec.completions is not None:
        return f"{job.status.succeeded}/{job.spec.completions}"
    parallelism = job.spec.parallelism or 0
    return f"{job.status.succeeded}/1 of {parallelism}" if parallelism > 1 else f"{job.status.succeeded}/1"


def _completions_key(job: Job) -> float:
    return job.status.succeeded / (job.spec.completions or 1)


def _duration(job: Job, now: float) -> str:
    if job.status.start_time is None:
        return ""
    ended = epoch(job.status.completion_time) if job.status.completion_time else now
    return human_duration(ended - epoch(job.status.start_time))


def _duration_key(job: Job) -> float:
    """Finished jobs by their duration; running ones after them, the longest last."""
    started = epoch(job.status.start_time)
    return epoch(job.status.completion_time) - started if job.status.completion_time else 1e12 - started


def _assess(job: Job) -> Verdict:
    match _status(job):
        case "Complete":
            return Verdict(Health.DONE)
        case "Failed" | "FailureTarget" as state:
            found = condition(job.status.conditions, state)
            return Verdict(Health.FAILING, said(found) if found is not None else "")
        case "Suspended":
            return Verdict(Health.PROGRESSING, "suspended")
        case _ if job.status.failed:
            return Verdict(Health.WARNING, f"{job.status.failed} pods failed so far")
        case state:
            return Verdict(Health.PROGRESSING, state.lower())


KIND = Kind(
    resource=api_resource("batch/v1", "Job", "jobs"),
    wire=Job,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("STATUS", _status, priority=0),
        computed_column("COMPLETIONS", _completions, key=_completions_key, align="right"),
        Column("DURATION", _duration, _duration_key, align="right", priority=2, timed=True),
        age_column(),
        CONTAINERS,
        IMAGES,
        selector_column(),
    ),
)
