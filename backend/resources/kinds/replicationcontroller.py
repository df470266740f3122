"""Replication controllers: what replica sets replaced."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import Kind, api_resource, computed_column
from backend.resources.labels import format_labels
from backend.resources.workload import PodTemplate, ReplicasStatus, assess_replicas, replicas_columns


class ReplicationControllerSpec(msgspec.Struct, frozen=True, gc=False):
    replicas: int = 1
    selector: dict[str, str] | None = None
    template: PodTemplate = PodTemplate()


class ReplicationController(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ReplicationControllerSpec = ReplicationControllerSpec()
    status: ReplicasStatus = ReplicasStatus()


KIND = Kind(
    resource=api_resource("v1", "ReplicationController", "replicationcontrollers", "rc"),
    wire=ReplicationController,
    assess=assess_replicas,
    columns=replicas_columns(
        computed_column("SELECTOR", lambda item: format_labels(item.spec.selector), wide=True, priority=5)
    ),
)
