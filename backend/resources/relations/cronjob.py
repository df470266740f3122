"""Cron jobs: what their runs need."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.pod_spec import Template, references
from backend.resources.relations.relation import Holder, Look, Relation

KINDS = ("cronjobs.batch",)
LOOKS = (Look(kind="jobs.batch", role="runs"),)


class RunSpec(msgspec.Struct, frozen=True, gc=False):
    template: Template = Template()


class RunTemplate(msgspec.Struct, frozen=True, gc=False):
    spec: RunSpec = RunSpec()


class CronSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    job_template: RunTemplate = RunTemplate()


class CronRefs(Holder, frozen=True, gc=False):
    spec: CronSpec = CronSpec()


WIRE = CronRefs


def relations(obj: CronRefs) -> Iterator[Relation]:
    yield from references(obj.spec.job_template.spec.template.spec, obj.metadata.namespace)
