"""Stateful sets."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    name_column,
)
from backend.resources.workload import CONTAINERS, IMAGES, PodTemplate, ready_column


class StatefulSetSpec(msgspec.Struct, frozen=True, gc=False):
    replicas: int = 1
    template: PodTemplate = PodTemplate()


class StatefulSetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    current_revision: str = ""
    update_revision: str = ""


class StatefulSet(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


def _assess(stateful_set: StatefulSet) -> Verdict:
    spec, status = stateful_set.spec, stateful_set.status
    if status.replicas < spec.replicas or status.current_revision != status.update_revision:
        return Verdict(Health.PROGRESSING, f"{status.updated_replicas} of {spec.replicas} updated")
    if status.ready_replicas < spec.replicas:
        return Verdict(Health.WARNING, f"{status.ready_replicas} of {spec.replicas} ready")
    if status.replicas > spec.replicas:
        return Verdict(Health.PROGRESSING, f"{status.replicas - spec.replicas} pods too many")
    return OK


KIND = Kind(
    resource=api_resource("apps/v1", "StatefulSet", "statefulsets", "sts"),
    wire=StatefulSet,
    assess=_assess,
    columns=(
        name_column(),
        ready_column(),
        age_column(),
        CONTAINERS,
        IMAGES,
    ),
)
