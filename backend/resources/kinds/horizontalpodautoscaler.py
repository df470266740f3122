"""Horizontal pod autoscalers (autoscaling/v2)."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.autoscaling import MetricSpec, MetricStatus, format_metrics
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
from backend.resources.workload import Condition, condition, said


class ScaleTarget(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    name: str = ""


class AutoscalerSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    scale_target_ref: ScaleTarget = ScaleTarget()
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: list[MetricSpec] | None = None


class AutoscalerStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    current_replicas: int = 0
    desired_replicas: int = 0
    current_metrics: list[MetricStatus] | None = None
    conditions: list[Condition] | None = None


class Autoscaler(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()


def _reference(autoscaler: Autoscaler) -> str:
    target = autoscaler.spec.scale_target_ref
    return f"{target.kind}/{target.name}"


def _min_pods(autoscaler: Autoscaler) -> str:
    least = autoscaler.spec.min_replicas
    return "<unset>" if least is None else str(least)


def _assess(autoscaler: Autoscaler) -> Verdict:
    """One that can't scale fails its workload at the next peak, however well the pods are now."""
    conditions = autoscaler.status.conditions
    if not conditions:
        return Verdict(Health.UNKNOWN, "no controller has looked at it yet")
    active = condition(conditions, "ScalingActive")
    if active is not None and active.reason == "ScalingDisabled":
        return Verdict(Health.DONE, "its workload is scaled to zero")
    for found in (condition(conditions, "AbleToScale"), active):
        if found is not None and found.status == "False":
            return Verdict(Health.FAILING, said(found))
    limited = condition(conditions, "ScalingLimited")
    if limited is not None and limited.status == "True" and limited.reason == "TooManyReplicas":
        return Verdict(Health.WARNING, f"at its maximum of {autoscaler.spec.max_replicas}: {said(limited)}")
    current, desired = autoscaler.status.current_replicas, autoscaler.status.desired_replicas
    return OK if current == desired else Verdict(Health.PROGRESSING, f"scales from {current} to {desired}")


KIND = Kind(
    resource=api_resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa"),
    wire=Autoscaler,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("REFERENCE", _reference),
        computed_column(
            "TARGETS",
            lambda autoscaler: format_metrics(autoscaler.spec.metrics, autoscaler.status.current_metrics),
            priority=0,
        ),
        computed_column(
            "MINPODS",
            _min_pods,
            key=lambda autoscaler: autoscaler.spec.min_replicas or 0,
            align="right",
            priority=3,
        ),
        number_column("MAXPODS", lambda autoscaler: autoscaler.spec.max_replicas, priority=3),
        number_column("REPLICAS", lambda autoscaler: autoscaler.status.current_replicas, priority=0),
        age_column(),
    ),
)
