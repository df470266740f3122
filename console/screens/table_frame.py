"""What screens with a table share: order, columns, opening."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.widget import Widget

from console.screens.favourites import FavouriteKeys
from console.theme import Tone
from console.widgets.table import ResourceTable
from console.widgets.table_source import TableSource


class TableScreen(FavouriteKeys):
    table: ResourceTable

    def source(self) -> TableSource:
        """What the table shows at first."""
        raise NotImplementedError

    def open_row(self, row: Any) -> None:
        """Enter on a row."""
        raise NotImplementedError

    def body(self) -> Widget:
        table = self.table = ResourceTable(self.source(), id="body", glow=self.navarch.glows)
        chosen = self.navarch.settings.table(self.listed)
        table.extra, table.hidden = set(chosen.shown), set(chosen.hidden)
        return table

    @property
    def listed(self) -> str:
        """What the rows are: columns, order and favourites are remembered by it."""
        return str(self.crumbs()[-1])

    @on(ResourceTable.Opened)
    def _opened(self, event: ResourceTable.Opened) -> None:
        self.open_row(event.row)

    @on(ResourceTable.OrderWanted)
    def _order_wanted(self) -> None:
        from console.screens.order import OrderScreen

        def chosen(column: str | None) -> None:
            if column is not None:
                self.table.order_by(column)
                source = self.table.source
                self.keep(
                    self.navarch.settings.keep_order(self.listed, source.sort, descending=source.descending)
                )

        self.app.push_screen(OrderScreen(self.table), chosen)

    @on(ResourceTable.ColumnsWanted)
    def _columns_wanted(self) -> None:
        from console.screens.columns import ColumnsScreen

        def arranged(_: None) -> None:
            table = self.table
            self.keep(self.navarch.settings.keep_columns(self.listed, shown=table.extra, hidden=table.hidden))

        self.app.push_screen(ColumnsScreen(self.table), arranged)

    def keep(self, trouble: str) -> None:
        """A choice counts now; say why the next run will not have it, if it won't."""
        if trouble:
            self.say(f"For this run only: {trouble}", Tone.WARNING)

    @on(ResourceTable.Arranged)
    @on(ResourceTable.CursorMoved)
    def _arranged(self) -> None:
        self.refresh_bindings()
        self.tell_subject()

    def tell_subject(self) -> None:
        """Say on the second line what is shown."""
        raise NotImplementedError
