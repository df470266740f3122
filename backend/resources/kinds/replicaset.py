"""Replica sets."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ApiResource, ObjectMeta
from backend.resources.kind import OK, Health, Kind, Verdict, age_column, name_column, number_column
from backend.resources.labels import LabelSelector
from backend.resources.workload import (
    CONTAINERS,
    IMAGES,
    Condition,
    PodTemplate,
    condition,
    said,
    selector_column,
)


class ReplicaSetSpec(msgspec.Struct, frozen=True, gc=False):
    replicas: int = 1
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class ReplicaSetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    replicas: int = 0
    ready_replicas: int = 0
    conditions: list[Condition] | None = None


class ReplicaSet(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()


def _assess(replica_set: ReplicaSet) -> Verdict:
    spec, status = replica_set.spec, replica_set.status
    failure = condition(status.conditions, "ReplicaFailure")
    if failure is not None and failure.status == "True":
        return Verdict(Health.FAILING, said(failure))
    if status.replicas != spec.replicas:
        return Verdict(Health.PROGRESSING, f"{status.replicas} of {spec.replicas} pods exist")
    if status.ready_replicas < spec.replicas:
        return Verdict(Health.WARNING, f"{status.ready_replicas} of {spec.replicas} ready")
    return OK if spec.replicas else Verdict(Health.DONE)


KIND = Kind(
    resource=ApiResource(
        group="apps",
        version="v1",
        plural="replicasets",
        singular="replicaset",
        kind="ReplicaSet",
        namespaced=True,
        short_names=("rs",),
    ),
    wire=ReplicaSet,
    assess=_assess,
    columns=(
        name_column(),
        number_column("DESIRED", lambda replica_set: replica_set.spec.replicas, priority=0),
        number_column("CURRENT", lambda replica_set: replica_set.status.replicas),
        number_column("READY", lambda replica_set: replica_set.status.ready_replicas, priority=0),
        age_column(),
        CONTAINERS,
        IMAGES,
        selector_column(),
    ),
)
