"""The fleet's columns as the table widget draws them: which of them carry the colour of a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.fleet.summary import ClusterSummary
from backend.fleet.summary_columns import COLUMNS, SummaryColumn
from backend.resources.kind import Health
from console.states import HEALTH, STATES
from console.theme import Tone
from console.widgets.table_source import GridColumn

BUSY = 0.9
"""Share of CPU or memory in use from which it is shown as a warning."""
STALE = 150.0
"""Seconds after which a number that is polled is shown as old."""

Now = Callable[[], float]


def grid_columns(now: Now) -> list[GridColumn]:
    return [_grid(column, now) for column in COLUMNS]


def _grid(column: SummaryColumn, now: Now) -> GridColumn:
    tone = _TONES.get(column.name)
    return GridColumn(
        name=column.name,
        text=column.text,
        align=column.align,
        wide=column.wide,
        priority=column.priority,
        min_width=column.min_width,
        timed=column.timed,
        optional=column.optional,
        tone=(lambda summary: tone(summary, now())) if tone is not None else None,
        middle=column.name == "CLUSTER",
        pinned=column.name == "CLUSTER",
    )


def _nodes(summary: ClusterSummary, now: float) -> Tone:
    complete = summary.nodes is None or summary.nodes_ready == summary.nodes
    return Tone.TEXT if complete else HEALTH[Health.WARNING][1]


def _expires(summary: ClusterSummary, now: float) -> Tone:
    if summary.expiry.first is None:
        return Tone.DIM
    if summary.expiry.over(now):
        return Tone.FAILING
    return Tone.WARNING if summary.expiry.warnings(now) else Tone.TEXT


def _busy(what: str) -> Callable[[ClusterSummary, float], Tone]:
    def tone(summary: ClusterSummary, now: float) -> Tone:
        share = summary.share(what)
        return Tone.DIM if share is None else Tone.WARNING if share >= BUSY else Tone.TEXT

    return tone


def _seen(summary: ClusterSummary, now: float) -> Tone:
    old = summary.seen is not None and now - summary.seen > STALE
    return Tone.WARNING if old else Tone.DIM


_TONES: dict[str, Callable[[Any, float], Tone]] = {
    "STATE": lambda summary, _: STATES[summary.status.state][1],
    "BEHIND": lambda summary, _: Tone.WARNING if (summary.behind or 0) > 2 else Tone.TEXT,
    "NODES": _nodes,
    "FAILING": lambda summary, _: Tone.FAILING if summary.pods_failing else Tone.DIM,
    "CPU": _busy("cpu"),
    "MEM": _busy("memory"),
    "EXPIRES": _expires,
    "SEEN": _seen,
    "GUARD": lambda summary, _: Tone.ACCENT,
}
