"""Horizontal pod autoscalers: what they measure, what they want, and what bounds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.resources.autoscaling import MetricSpec, MetricStatus, format_metric
from backend.resources.describe.sheet import Sheet
from backend.resources.duration import age

Object = Mapping[str, Any]


def describe(sheet: Sheet, autoscaler: Object, now: float) -> None:
    spec, status = autoscaler.get("spec") or {}, autoscaler.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    current, desired = status.get("currentReplicas", 0), status.get("desiredReplicas", 0)
    sheet.field("Scales", f"{target.get('kind')}/{target.get('name')}")
    sheet.field("Replicas", f"{current} now, {desired} wanted")
    sheet.field("Bounds", f"{spec.get('minReplicas', 1)} to {spec.get('maxReplicas')}")
    last = status.get("lastScaleTime")
    sheet.field("Last scaled", f"{age(last, now)} ago" if last else "")
    metrics = spec.get("metrics") or ()
    if metrics:
        readings = status.get("currentMetrics") or ()
        sheet.section("Metrics")
        sheet.table(
            ("METRIC", "NOW/WANTED"),
            [
                (_title(metric), _reading(metric, readings[at] if at < len(readings) else None))
                for at, metric in enumerate(metrics)
            ],
        )
    if behaviour := spec.get("behavior"):
        sheet.section("Behaviour")
        sheet.tree(behaviour)


def _title(metric: Object) -> str:
    """``cpu of all containers``, ``queue_length of Service/web``: what is measured, of what."""
    match metric.get("type"):
        case "Resource":
            return f"{_source(metric, 'resource').get('name')} of all containers"
        case "ContainerResource":
            source = _source(metric, "containerResource")
            return f"{source.get('name')} of container {source.get('container')}"
        case "Pods":
            return f"{_name(_source(metric, 'pods'))} of each pod"
        case "Object":
            about = _source(metric, "object").get("describedObject") or {}
            return f"{_name(_source(metric, 'object'))} of {about.get('kind')}/{about.get('name')}"
        case "External":
            return f"{_name(_source(metric, 'external'))} from outside the cluster"
        case type_:
            return str(type_)


def _source(metric: Object, field: str) -> Object:
    found: Object = metric.get(field) or {}
    return found


def _name(source: Object) -> str:
    return str((source.get("metric") or {}).get("name"))


def _reading(metric: Object, reading: Object | None) -> str:
    try:
        status = msgspec.convert(reading, MetricStatus | None)
        return format_metric(msgspec.convert(metric, MetricSpec), status)
    except msgspec.ValidationError:  # no API server would have taken it
        return "<unknown>"
