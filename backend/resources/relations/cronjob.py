"""Cron jobs: their runs, and what those need."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.pod_spec import references
from backend.resources.relations.relation import Obj, Relation, namespace_of, owned, part

KINDS = ("cronjobs.batch",)


def relations(obj: Obj) -> Iterator[Relation]:
    yield owned(obj, "jobs.batch", "runs")
    yield from references(part(obj, "spec", "jobTemplate", "spec", "template", "spec"), namespace_of(obj))
