"""CPU and MEM as columns of the lists of pods and nodes.

A list's rows never wait for measurements: a cell is looked up when it is painted. Sorting needs values that
hold still, so those of the ordering column are frozen (``prepare``, ``adopt``) and taken anew after each
measurement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

from backend.fleet.row import Row, RowKey, TableColumn
from backend.observe.metrics.amounts import cpu_text, memory_text, percent, share
from backend.observe.metrics.findings import AT, NEAR, node_room
from backend.observe.metrics.known import CPU, FORGET, MEMORY, Known, Told, Use
from backend.observe.metrics.sampling import Metrics
from backend.observe.metrics.sparkline import sparkline
from backend.resources.duration import epoch
from backend.resources.kind import Health, Kind
from backend.resources.kinds.node import Node
from backend.resources.kinds.pod import Pod
from backend.text import SafeStr

SPARKS = 6
"""Cells of a sparkline: a minute and a half at the usual pace."""
STALE = 180.0
"""Seconds after which a measurement is shown as old; or three windows, if those are longer."""
_SLICE = 500
_WIDTH = 5
"""Cells of the longest value, its glyph included."""
_DASH = SafeStr("-")
_BEFORE = "AGE"
_GLYPHS = {Health.WARNING: "▲", Health.FAILING: "✖"}
PODS, NODES = "pods", "nodes"


class Reading(NamedTuple):
    """What one row's object uses, and what that is held against; None: not said."""

    use: Use | None
    cpu_request: float | None = None
    memory_request: float | None = None
    cpu_limit: float | None = None
    memory_limit: float | None = None


class MetricColumns:
    """The columns over one fleet's measurements; the same objects each time, so that views know them
    again."""

    def __init__(self, metrics: Metrics, *, sparks: bool = True) -> None:
        """``sparks``: with sparklines, and glyphs where use is near a limit; without: plain values."""
        self._metrics = metrics
        self._sparks = sparks

    def over(self, columns: Sequence[TableColumn], kind: Kind | None) -> tuple[TableColumn, ...]:
        """These columns with those of use among them, where the kind's objects use anything."""
        added = self._of(kind)
        if not added or any(column is added[0] for column in columns):
            return tuple(columns)
        at = next((at for at, column in enumerate(columns) if column.name == _BEFORE), len(columns))
        return (*columns[:at], *added, *columns[at:])

    def _of(self, kind: Kind | None) -> tuple[TableColumn, ...]:
        match kind.resource.full_name if kind is not None else "":
            case "pods":
                return self._of_pods
            case "nodes":
                return self._of_nodes
        return ()

    def why(self, row: Row) -> SafeStr:
        """Why nothing is known of a row's object; empty: it is known."""
        known, meta = self._metrics.of(row.cluster_id), row.item.metadata
        if self.reading(row).use is not None:
            return SafeStr("")
        if row.kind.resource.full_name == NODES:
            return known.why_no_node(meta.name)
        return known.why_no_pod(meta.namespace, meta.name)

    # --- ordering

    def orders(self, column: str) -> bool:
        """Whether rows are ordered by what they use."""
        return column in {one.name for one in (*self._of_pods, *self._of_nodes)}

    async def values(self, rows: Iterable[Row], column: str) -> dict[RowKey, float]:
        """What orders these rows by now, worked out in slices: see ``TableView.resort``."""
        value, found = _VALUES[column], {}
        for place, row in enumerate(list(rows)):
            found[row.key] = value(self.reading(row))
            if place % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        return found

    # --- cells

    @cached_property
    def _of_pods(self) -> tuple[TableColumn, ...]:
        return (
            self._column("CPU", self._cpu, priority=2),
            self._column("MEM", self._memory, priority=2),
            self._column("%CPU/R", lambda r: percent(_cpu(r), r.cpu_request), wide=True),
            self._column("%CPU/L", lambda r: percent(_cpu(r), r.cpu_limit), wide=True),
            self._column("%MEM/R", lambda r: percent(_memory(r), r.memory_request), wide=True),
            self._column("%MEM/L", lambda r: percent(_memory(r), r.memory_limit), wide=True),
        )

    @cached_property
    def _of_nodes(self) -> tuple[TableColumn, ...]:
        return (
            self._column("CPU", self._cpu, priority=2),
            self._column("%CPU", lambda r: percent(_cpu(r), r.cpu_limit), priority=3),
            self._column("MEM", self._memory, priority=2),
            self._column("%MEM", lambda r: percent(_memory(r), r.memory_limit), priority=3),
        )

    def _column(
        self, name: str, text: Callable[..., str], *, wide: bool = False, priority: int = 4
    ) -> TableColumn:
        value, rowed = _VALUES[name], name in ("CPU", "MEM")

        def key(row: Row) -> float:
            return float(value(self.reading(row)))

        def cell(row: Row, now: float) -> SafeStr:
            reading = self.reading(row)
            if reading.use is None or now + row.skew - reading.use.at > FORGET:
                return _DASH
            return SafeStr(text(reading, row) if rowed else text(reading))

        return TableColumn(
            name=name,
            text=cell,
            key=key,
            align="right",
            wide=wide,
            priority=priority,
            min_width=_WIDTH if rowed else 6,
            tail=1 + SPARKS if rowed and self._sparks else 0,
            timed=True,
            moves=True,
            fares=_fares(self, name),
        )

    def _cpu(self, reading: Reading, row: Row) -> str:
        assert reading.use is not None
        text = cpu_text(reading.use.cpu)
        return text if not self._sparks else self._with_spark(text, row, CPU, reading.cpu_request, "CPU")

    def _memory(self, reading: Reading, row: Row) -> str:
        assert reading.use is not None
        text = memory_text(reading.use.memory)
        return (
            text if not self._sparks else self._with_spark(text, row, MEMORY, reading.memory_request, "MEM")
        )

    def _with_spark(self, text: str, row: Row, series: int, full: float | None, name: str) -> str:
        known, meta = self._metrics.of(row.cluster_id), row.item.metadata
        on_node = row.kind.resource.full_name == NODES
        rings = known.nodes if on_node else known.pods
        values = rings.last_values(meta.name if on_node else (meta.namespace, meta.name), series, SPARKS)
        glyph = _GLYPHS.get(_pressure(self.reading(row), name), "")
        return f"{glyph}{text} {sparkline(values, full=full, width=SPARKS)}"

    def reading(self, row: Row) -> Reading:
        """What is known of a row's object now."""
        known, meta = self._metrics.of(row.cluster_id), row.item.metadata
        if row.kind.resource.full_name == NODES:
            cpu, memory = node_room(cast("Node", row.item))
            return Reading(known.node(meta.name), cpu, memory, cpu, memory)
        pod = cast("Pod", row.item)
        needs = pod.needs
        use = known.pod(meta.namespace, meta.name, born=epoch(meta.creation_timestamp), node=pod.node)
        return Reading(
            use,
            needs.requests.cpu,
            needs.requests.memory,
            needs.limits.cpu if needs.cpu_bound else None,
            needs.limits.memory if needs.memory_bound else None,
        )

    def stale(self, row: Row, reading: Reading) -> bool:
        """Whether the measurement is older than it should be."""
        known: Known = self._metrics.of(row.cluster_id)
        told: Told = known.told_nodes if row.kind.resource.full_name == NODES else known.told_pods
        now, patience = self._metrics.now(), max(STALE, 3 * told.window)
        return reading.use is None or now + row.skew - reading.use.at > patience


def _fares(columns: MetricColumns, name: str) -> Callable[[Row], Health]:
    def fares(row: Row) -> Health:
        reading = columns.reading(row)
        if columns.stale(row, reading):
            return Health.UNKNOWN
        return _pressure(reading, name)

    return fares


def _pressure(reading: Reading, name: str) -> Health:
    """How near the limit, or for a node what is allocatable; CPU above it is only throttled."""
    if "CPU" in name:
        part = share(_cpu(reading), reading.cpu_limit)
        return Health.WARNING if part is not None and part >= NEAR else Health.OK
    part = share(_memory(reading), reading.memory_limit)
    if part is None or part < NEAR:
        return Health.OK
    return Health.FAILING if part >= AT else Health.WARNING


def _cpu(reading: Reading) -> float | None:
    return reading.use.cpu if reading.use is not None else None


def _memory(reading: Reading) -> float | None:
    return reading.use.memory if reading.use is not None else None


def _number(value: float | None) -> float:
    """What is not known stands before all that is."""
    return -1.0 if value is None else value


_VALUES: dict[str, Callable[[Reading], Any]] = {
    "CPU": lambda r: _number(_cpu(r)),
    "MEM": lambda r: _number(_memory(r)),
    "%CPU/R": lambda r: _number(share(_cpu(r), r.cpu_request)),
    "%CPU/L": lambda r: _number(share(_cpu(r), r.cpu_limit)),
    "%MEM/R": lambda r: _number(share(_memory(r), r.memory_request)),
    "%MEM/L": lambda r: _number(share(_memory(r), r.memory_limit)),
    "%CPU": lambda r: _number(share(_cpu(r), r.cpu_limit)),
    "%MEM": lambda r: _number(share(_memory(r), r.memory_limit)),
}
