"""Rows of the metrics screen: how their columns are drawn, which object each stands for, which view is
meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.fleet.query import Query, parse_line
from backend.observe.metrics.findings import Concern
from backend.observe.metrics.known import Known
from backend.observe.metrics.load_columns import LoadColumn
from backend.observe.metrics.loads import Level, Load
from backend.resources import registry
from console.states import HEALTH
from console.theme import Tone
from console.views import MetricsView, ObjectRef
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn

LEVELS = (Level.CLUSTERS, Level.NODES, Level.NAMESPACES, Level.WORKLOADS, Level.PODS)
"""In the order of the screen's tabs."""
_KINDS = {
    "pod": "pods",
    "node": "nodes",
    "deployment": "deployments",
    "statefulset": "statefulsets",
    "daemonset": "daemonsets",
    "replicaset": "replicasets",
    "job": "jobs",
    "cronjob": "cronjobs",
}


def reference(load: Load) -> ObjectRef | None:
    """The object that a row stands for, where that is one we know the kind of."""
    kind = registry.builtin(_KINDS.get(load.key.kind, ""))
    if kind is None:
        return None
    return ObjectRef(
        cluster_id=load.key.cluster_id,
        cluster=load.cluster,
        resource=kind.resource,
        namespace=load.namespace,
        name=load.name,
        uid=load.uid,
    )


def grid(column: LoadColumn) -> GridColumn:
    """How a column of loads is drawn."""
    return GridColumn(
        name=column.name,
        text=column.text,
        align=column.align,
        wide=column.wide,
        priority=column.priority,
        min_width=column.min_width,
        timed=True,  # numbers that move all the time don't glow
        tone=_tone if column.largest_first else None,
        middle=column.name in {"NAME", "POD"},
        pinned=column.name in {"CLUSTER", "NAME"},
    )


def _tone(load: Any) -> Tone:
    return Tone.TEXT if load.known else Tone.DIM


def said_of(load: Load, known: Known) -> Line:
    """The row in words: who it is, and what speaks for concern or why nothing is known."""
    pieces = [Piece(load.name, Tone.STRONG)]
    if load.namespace:
        pieces.append(Piece(f"  {load.namespace}", Tone.DIM))
    if load.level is not Level.CLUSTERS:
        pieces.append(Piece(f"  {load.cluster}", Tone.DIM))
    reasons = load.reasons(Concern.PRESSURE) or load.reasons(Concern.WASTE)
    if reasons:
        tone = HEALTH[load.health][1] if load.reasons(Concern.PRESSURE) else Tone.TEXT
        pieces.append(Piece(f"  {reasons[0]}", tone))
    elif load.why:
        pieces.append(Piece(f"  {load.why}", Tone.WARNING))
    if load.level is Level.NODES and (why := known.no_summary.get(load.name)):
        pieces.append(Piece(f"  disk and network are not known: {why}", Tone.DIM))
    return tuple(pieces)


def metrics_of(query: Query, level: Level) -> MetricsView:
    """The view of what a list shows."""
    return MetricsView(level.value, replace(query, kind="metrics", match="", not_match="", sort=""))


def level_of(kind: str) -> Level:
    """The level that fits a list of this kind best."""
    found = registry.builtin(kind)
    match found.resource.full_name if found is not None else "":
        case "pods":
            return Level.PODS
        case "nodes":
            return Level.NODES
        case "namespaces":
            return Level.NAMESPACES
    return Level.WORKLOADS


def read_top(line: str) -> MetricsView:
    """The view that ``:top`` names; clusters when no level is. Raises QuerySyntaxError."""
    first = line.partition(" ")[0]
    levels = {level.value: level for level in LEVELS} | {level.value.rstrip("s"): level for level in LEVELS}
    level = levels.get(first)
    query = parse_line(line if level is not None else f"clusters {line}")
    return MetricsView((level or Level.CLUSTERS).value, replace(query, kind="metrics"))
