"""Cron jobs."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.duration import age, epoch
from backend.resources.kind import (
    BEING_DELETED,
    OK,
    Column,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    number_column,
    text_column,
)
from backend.resources.labels import LabelSelector, format_selector
from backend.resources.workload import PodTemplate, container_images, container_names


class JobTemplateSpec(msgspec.Struct, frozen=True, gc=False):
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class JobTemplate(msgspec.Struct, frozen=True, gc=False):
    spec: JobTemplateSpec = JobTemplateSpec()


class CronJobSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    schedule: str = ""
    time_zone: str | None = None
    suspend: bool | None = None
    job_template: JobTemplate = JobTemplate()


class ActiveJob(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class CronJobStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    active: list[ActiveJob] | None = None
    last_schedule_time: str | None = None
    last_successful_time: str | None = None


class CronJob(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


def _last_schedule(cron_job: CronJob, now: float) -> str:
    last = cron_job.status.last_schedule_time
    return age(last, now) if last else "<none>"


def _last_schedule_key(cron_job: CronJob) -> float:
    return -epoch(cron_job.status.last_schedule_time)


def _assess(cron_job: CronJob) -> Verdict:
    """A run that ended without success shows in the times alone: scheduled last, succeeded before that."""
    status = cron_job.status
    if cron_job.metadata.deletion_timestamp is not None:
        return BEING_DELETED
    if status.active:
        return OK
    if epoch(status.last_schedule_time) > epoch(status.last_successful_time):
        return Verdict(Health.WARNING, f"the run of {status.last_schedule_time} did not succeed")
    return Verdict(Health.DONE, "suspended") if cron_job.spec.suspend else OK


KIND = Kind(
    resource=api_resource("batch/v1", "CronJob", "cronjobs", "cj"),
    wire=CronJob,
    assess=_assess,
    columns=(
        name_column(),
        text_column("SCHEDULE", "spec.schedule", priority=0),
        text_column("TIMEZONE", "spec.time_zone", none="<none>", priority=3),
        computed_column("SUSPEND", lambda cron_job: str(bool(cron_job.spec.suspend))),
        number_column("ACTIVE", lambda cron_job: len(cron_job.status.active or ())),
        Column("LAST SCHEDULE", _last_schedule, _last_schedule_key, align="right", timed=True),
        age_column(),
        computed_column(
            "CONTAINERS",
            lambda cron_job: container_names(cron_job.spec.job_template.spec.template),
            wide=True,
            priority=4,
        ),
        computed_column(
            "IMAGES",
            lambda cron_job: container_images(cron_job.spec.job_template.spec.template),
            wide=True,
            priority=4,
        ),
        computed_column(
            "SELECTOR",
            lambda cron_job: format_selector(cron_job.spec.job_template.spec.selector) or "<none>",
            wide=True,
            priority=5,
        ),
    ),
)
