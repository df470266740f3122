"""The charts of one row of the metrics screen, from its history and what it is held against."""

from __future__ import annotations

from collections.abc import Sequence

from backend.observe.metrics.amounts import cpu_text, memory_text, rate_text
from backend.observe.metrics.known import CPU, FILLED, MEMORY, RECEIVED, SENT, Known
from backend.observe.metrics.loads import Level, Load
from backend.observe.metrics.rings import Point
from console.widgets.chart import Chart, Mark

_SHORTEST, _LONGEST = 300.0, 3600.0
"""Seconds of a time axis: it grows with what is known."""


def charts_of(load: Load, history: Sequence[Point], known: Known, *, now: float) -> list[Chart]:
    """CPU and memory; of a node also traffic and disk, where its kubelet tells them.

    ``now``: by the cluster's clock.
    """
    start = now - min(_LONGEST, max(_SHORTEST, now - history[0].at if history else 0.0))
    found = [
        Chart(
            title="CPU",
            points=[(point.at, point.values[CPU]) for point in history],
            start=start,
            end=now,
            write=cpu_text,
            marks=_marks(load, "cpu"),
            why=load.why,
        ),
        Chart(
            title="memory",
            points=[(point.at, point.values[MEMORY]) for point in history],
            start=start,
            end=now,
            write=memory_text,
            marks=_marks(load, "memory"),
            why=load.why,
        ),
    ]
    return found + (_of_node(load, known, start=start, now=now) if load.level is Level.NODES else [])


def _marks(load: Load, what: str) -> list[Mark]:
    bounds = (("request", f"{what}_request"), ("limit", f"{what}_bounded"), ("room", f"{what}_room"))
    values = [(label, getattr(load, name)) for label, name in bounds]
    return [Mark(label=label, value=value) for label, value in values if value]


def _of_node(load: Load, known: Known, *, start: float, now: float) -> list[Chart]:
    flows = known.flows.recent(load.name)
    if load.name in known.no_summary and not flows:
        return []  # why is said above the charts
    why = "its kubelet is being asked: a rate needs two answers"
    traffic = [(p.at, p.values[RECEIVED] + p.values[SENT]) for p in flows]
    disk = [(point.at, point.values[FILLED]) for point in flows]
    return [
        Chart(title="network", points=traffic, start=start, end=now, write=rate_text, why=why),
        Chart(
            title="disk",
            points=disk,
            start=start,
            end=now,
            write=lambda part: f"{part * 100:.0f}%",
            marks=[Mark(label="evicts", value=0.9)],
            why=why,
        ),
    ]
