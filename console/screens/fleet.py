"""Home: one row per cluster."""

from __future__ import annotations

from typing import Any

from textual import work

from backend.fleet.query import Query
from console.screens.table_frame import TableScreen
from console.theme import Tone
from console.views import ResourcesView
from console.widgets.paint import Piece
from console.widgets.table_source import GridColumn, ListSource


class FleetScreen(TableScreen):
    def crumbs(self) -> tuple[object, ...]:
        return ("fleet",)

    def source(self) -> ListSource:
        columns = [GridColumn(name="CLUSTER", text=lambda r, now: r.name, priority=0, pinned=True)]
        return ListSource(columns, key=lambda r: r.id, sort="CLUSTER")

    def on_mount(self) -> None:
        super().on_mount()
        self.tell_subject()
        self.follow()

    def tell_subject(self) -> None:
        self.subject.tell([Piece("fleet", Tone.STRONG)])

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        self.table.source.replace(fleet.members)
        self.table.rows_changed()

    def open_row(self, row: Any) -> None:
        self.navarch.show(ResourcesView(Query(kind="pods", clusters=(row.name,))))
