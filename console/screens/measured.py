"""Lists whose objects use CPU and memory: columns that fill as measurements come, and rows ordered by
them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work

from backend.courtesy import give_way
from backend.fleet.query import Query
from backend.observe.metrics.amounts import cpu_text, memory_text
from backend.resources import registry
from backend.resources.use import use_titles
from backend.text import SafeStr, safe_text
from console.screens.table_frame import TableScreen

if TYPE_CHECKING:
    from backend.fleet.row import TableColumn
    from backend.fleet.view import TableView

_MEASURED = frozenset(
    {"pods", "nodes", "namespaces", "deployments.apps", "statefulsets.apps", "daemonsets.apps"}
    | {"replicasets.apps", "jobs.batch", "cronjobs.batch"}
)
"""Kinds whose lists lead to the metrics screen."""
_AGAIN = 1.0
"""Seconds between two repaints for measurements, however many clusters tell some."""


class Measured(TableScreen):
    """Mixed into lists of the fleet's rows. Rows never wait for what is measured."""

    rows: TableView

    def measured_query(self) -> Query:
        """What is listed, and where."""
        raise NotImplementedError

    def with_use(self, columns: Sequence[TableColumn]) -> tuple[TableColumn, ...]:
        """The columns, with those of use where the kind has any."""
        kind, use = registry.builtin(self.measured_query().kind), self.navarch.measuring.columns
        return use.over(columns, kind) if use is not None else tuple(columns)

    def action_metrics(self) -> None:
        """How much these objects use, on the metrics screen."""
        from console.load_rows import level_of, metrics_of

        query = self.measured_query()
        self.leave_mark()
        self.navarch.show(metrics_of(replace(query, names=()), level_of(query.kind)))

    def leave_mark(self) -> None:
        """Another view comes: see ``ObjectKeys``."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "metrics":
            return self.is_mounted and _is_measured(self.measured_query().kind)
        return super().check_action(action, parameters)

    def use_told(self) -> SafeStr:
        """What the object under the cursor uses, or why that is not known; empty: nothing measures it."""
        row, use = self.table.row, self.navarch.measuring.columns
        if row is None or use is None or not use_titles(row.kind):
            return SafeStr("")
        if why := use.why(row):
            return safe_text(f"Use: not known: {why}")
        found = use.reading(row).use
        assert found is not None
        return safe_text(f"Use: CPU {cpu_text(found.cpu)}, memory {memory_text(found.memory)} (m: more)")

    @work(exclusive=True, group="measure", exit_on_error=False)
    async def measure(self) -> None:
        """Sample what is listed as long as it is."""
        await self.navarch.attempt(self._measure)

    async def _measure(self) -> None:
        from backend.observe.metrics.columns import PODS
        from backend.observe.metrics.sampling import Interest, What

        query = self.measured_query()
        kind = registry.builtin(query.kind)
        if kind is None or not use_titles(kind):
            return
        metrics = await self.navarch.measuring.metrics()
        clusters = (await self.navarch.fleet()).select(query.clusters)
        pods = kind.resource.full_name == PODS
        interests = [
            Interest(one.id, What.PODS, query.namespaces) if pods else Interest(one.id, What.NODES)
            for one in clusters
        ]
        give_way()
        with metrics.looking(interests) as fresh:
            while True:
                await fresh.wait()
                fresh.clear()
                await self._show_use()
                await asyncio.sleep(_AGAIN)

    async def _show_use(self) -> None:
        use, ordering = self.navarch.measuring.columns, self.rows.sort
        if use is not None and ordering is not None and ordering.moves:
            rows = self.rows
            values = await use.values(rows.rows.values(), ordering.name)
            if self.rows is rows and rows.sort is ordering:
                rows.resort(values)
                self.table.rows_changed()
        else:
            self.table.sync()


def _is_measured(word: str) -> bool:
    kind = registry.builtin(word)
    return kind is not None and kind.resource.full_name in _MEASURED
