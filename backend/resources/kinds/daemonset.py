"""Daemon sets."""

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
    computed_column,
    name_column,
    number_column,
)
from backend.resources.labels import LabelSelector, format_labels
from backend.resources.workload import CONTAINERS, IMAGES, PodTemplate, selector_column


class DaemonSetSpec(msgspec.Struct, frozen=True, gc=False):
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class DaemonSetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0
    number_available: int = 0


class DaemonSet(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


def _assess(daemon_set: DaemonSet) -> Verdict:
    status = daemon_set.status
    wanted = status.desired_number_scheduled
    if status.current_number_scheduled < wanted or status.updated_number_scheduled < wanted:
        return Verdict(Health.PROGRESSING, f"{status.updated_number_scheduled} of {wanted} updated")
    if status.number_ready < wanted:
        return Verdict(Health.WARNING, f"{status.number_ready} of {wanted} ready")
    return OK


KIND = Kind(
    resource=api_resource("apps/v1", "DaemonSet", "daemonsets", "ds"),
    wire=DaemonSet,
    assess=_assess,
    columns=(
        name_column(),
        number_column("DESIRED", lambda daemon_set: daemon_set.status.desired_number_scheduled, priority=0),
        number_column("CURRENT", lambda daemon_set: daemon_set.status.current_number_scheduled),
        number_column("READY", lambda daemon_set: daemon_set.status.number_ready, priority=0),
        number_column("UP-TO-DATE", lambda daemon_set: daemon_set.status.updated_number_scheduled),
        number_column("AVAILABLE", lambda daemon_set: daemon_set.status.number_available),
        computed_column(
            "NODE SELECTOR",
            lambda daemon_set: format_labels(daemon_set.spec.template.spec.node_selector),
            priority=3,
        ),
        age_column(),
        CONTAINERS,
        IMAGES,
        selector_column(),
    ),
)
