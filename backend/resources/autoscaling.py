"""An autoscaler's metrics (autoscaling/v2) and how ``kubectl get hpa`` writes them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

_SHOWN = 2
_UNKNOWN = "<unknown>"
_ABSENT = "<nil>"
"""What kubectl writes for a quantity that is required but not there."""


class MetricTarget(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    average_value: str | None = None
    value: str | None = None
    average_utilization: int | None = None


class MetricSource(msgspec.Struct, frozen=True, gc=False):
    """The part of every source that names what is measured and where it should be."""

    name: str = ""
    target: MetricTarget = MetricTarget()


class MetricSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    type: str = ""
    external: MetricSource | None = None
    pods: MetricSource | None = None
    object: MetricSource | None = None
    resource: MetricSource | None = None
    container_resource: MetricSource | None = None


class MetricReading(msgspec.Struct, frozen=True, gc=False):
    current: MetricTarget = MetricTarget()


class MetricStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    type: str = ""
    external: MetricReading | None = None
    pods: MetricReading | None = None
    object: MetricReading | None = None
    resource: MetricReading | None = None
    container_resource: MetricReading | None = None


_FIELDS = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "container_resource",
}


def format_metrics(specs: Sequence[MetricSpec] | None, statuses: Sequence[MetricStatus] | None) -> str:
    """``cpu: 41%/80%, 12/50 (avg) + 1 more...``; readings belong to targets by their position."""
    if not specs:
        return "<none>"
    readings = statuses or ()
    texts = [
        format_metric(spec, readings[at] if at < len(readings) else None) for at, spec in enumerate(specs)
    ]
    more = f" + {len(texts) - _SHOWN} more..." if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def format_metric(spec: MetricSpec, status: MetricStatus | None) -> str:
    """One metric: its reading, a stroke, its target; ``<unknown>`` until a controller has read it."""
    field = _FIELDS.get(spec.type)
    source: MetricSource | None = getattr(spec, field) if field else None
    if field is None or source is None:
        return "<unknown type>"
    reading: MetricReading | None = getattr(status, field) if status is not None else None
    current = reading.current if reading is not None else None
    target = source.target
    if spec.type in {"Resource", "ContainerResource"}:
        return f"{source.name}: {_of_resource(target, current)}"
    if spec.type == "Pods":
        return f"{_quantity(current, 'average_value')}/{target.average_value or _ABSENT}"
    if target.average_value is not None:
        now = current.average_value if current is not None else None
        return f"{now or _UNKNOWN}/{target.average_value} (avg)"
    return f"{_quantity(current, 'value')}/{target.value or _ABSENT}"


def _of_resource(target: MetricTarget, current: MetricTarget | None) -> str:
    if target.average_value is not None:
        return f"{_quantity(current, 'average_value')}/{target.average_value}"
    used = current.average_utilization if current is not None else None
    wanted = target.average_utilization
    return f"{_UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _quantity(current: MetricTarget | None, field: str) -> str:
    return _UNKNOWN if current is None else getattr(current, field) or _ABSENT
