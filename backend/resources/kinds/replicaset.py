"""Replica sets."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import Kind, api_resource
from backend.resources.labels import LabelSelector
from backend.resources.workload import (
    PodTemplate,
    ReplicasStatus,
    assess_replicas,
    replicas_columns,
    selector_column,
)


class ReplicaSetSpec(msgspec.Struct, frozen=True, gc=False):
    replicas: int = 1
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class ReplicaSet(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicasStatus = ReplicasStatus()


KIND = Kind(
    resource=api_resource("apps/v1", "ReplicaSet", "replicasets", "rs"),
    wire=ReplicaSet,
    assess=assess_replicas,
    columns=replicas_columns(selector_column()),
)
