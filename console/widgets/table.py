"""The resource table: a window on any number of rows, repainted cell by cell.

Not Textual's DataTable: there one changed cell repaints the whole widget (28 kB at 200×50) and removing a
row costs the number of rows. Here each change rebuilds the visible lines (some 50) as plain data and
repaints the lines that differ.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events
from textual.message import Message

from console.actions import Scope
from console.keymap import bindings
from console.theme import Layer
from console.widgets.lines import LineWidget
from console.widgets.paint import Line
from console.widgets.table_changes import Changes
from console.widgets.table_layout import GUTTER, Layout, lay_out
from console.widgets.table_lines import RowLines, RowLook, RowWords, border, header, message_lines, row_words
from console.widgets.table_source import GridColumn, ListSource, TableSource
from console.widgets.target import Target

_FRAME_TOP, _FRAME_BOTTOM = 2, 1
_NO_COLUMNS = Layout((), 0, 0, 0, True)
_SAMPLE = 128
"""Rows out of sight that are measured, too, when there are clearly more than last time: 2 ms."""


class ResourceTable(LineWidget, can_focus=True):
    """Cursor and marks belong to objects (keys), not to positions: rows may come, go and move."""

    BINDINGS = bindings(Scope.TABLE)

    @dataclass
    class Opened(Message):
        """Enter or a double click on a row."""

        row: Any

    @dataclass
    class CursorMoved(Message):
        """The cursor is on another object."""

        row: Any | None

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ResourceTable.CursorMoved)

    class OrderWanted(Message):
        """The person wants to choose the ordering column."""

    class ColumnsWanted(Message):
        """The person wants to choose columns."""

    class Arranged(Message):
        """Order, width or marks changed."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ResourceTable.Arranged)

    def __init__(self, source: TableSource, *, id: str | None = None, glow: bool = True) -> None:
        super().__init__(id=id)
        self.source = source
        self.wide = False
        self.hidden: set[str] = set()
        """Titles of columns the person switched off."""
        self.extra: set[str] = set()
        """Titles of wide columns the person switched on."""
        self.messages: Sequence[Line] = ()
        """What an empty table says."""
        self.cursor = 0
        self._cursor_key: Hashable | None = None
        self._top = 0
        self._skip = 0
        self._steered = False
        """Whether the person moved the cursor; until then it stays on the first row."""
        self._anchor: Hashable | None = None
        self._wanted: dict[str, int] = {}
        self._sampled_of = 0
        """How many rows there were when some out of sight were measured last."""
        self._layout = _NO_COLUMNS
        self._row_lines = RowLines()
        self.changes = Changes(self, enabled=glow)

    # --- content

    def on_mount(self) -> None:
        self.set_interval(1.0, self.tick)

    def on_unmount(self) -> None:
        """Let go of the rows, and by them of the fleet: a timer's context keeps the widget for a while."""
        self.source = ListSource((), key=id, sort="")
        self._layout = _NO_COLUMNS
        self.changes.forget()

    def tick(self) -> None:
        """A second passed: ages whose text changed are repainted."""
        self.sync()

    def use(self, source: TableSource) -> None:
        """Show another source from its top."""
        self.source = source
        self.cursor = self._top = self._skip = 0
        self._cursor_key = self._anchor = None
        self._steered = False
        self._measure_anew()
        self.changes.forget()
        self.sync()

    def rows_changed(self) -> None:
        """The source has other rows: show them."""
        self.rows_moved()
        self.sync()

    def rows_moved(self) -> None:
        """Keep the cursor on its object and on its line of the screen; more may follow before it is shown."""
        if self._cursor_key is not None and self._steered:
            found = self.source.index_of(self._cursor_key)
            if found is not None:
                self._top += found - self.cursor
                self.cursor = found
        self._settle()

    def columns_changed(self) -> None:
        """Columns were added, removed, widened or hidden."""
        self._measure_anew()
        self._skip = 0
        self.sync()

    @property
    def row(self) -> Any | None:
        """The row under the cursor."""
        rows = self.source.window(self.cursor, 1)
        return rows[0] if rows else None

    @property
    def columns(self) -> list[GridColumn]:
        """The columns the person wants to see, fitting or not."""
        return [column for column in self.source.columns if self.wants(column)]

    def wants(self, column: GridColumn) -> bool:
        if column.name in self.hidden:
            return False
        return not column.wide or self.wide or column.name in self.extra

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(1, self.size.height - (_FRAME_TOP + _FRAME_BOTTOM))

    def compose_lines(self, width: int, height: int) -> list[Line]:
        now = self.navarch.now()
        rows = self.source.window(self._top, self.page)
        keys = [self.source.key(row) for row in rows]
        words = row_words(self.source, rows, self.columns, now=now)
        self._measure([*words, *row_words(self.source, self._out_of_sight(), self.columns, now=now)])
        columns = [c for c in self.columns if not c.optional or self._wanted.get(c.name)]
        layout = self._layout = lay_out(columns, self._wanted, width, skip=self._skip)
        self.changes.look(keys, words, layout)
        lines = [border(layout, top=True, note=_more(layout)), header(layout, self.source)]
        lines += self._row_lines.draw(layout, keys, words, self._looks(keys))
        lines += message_lines(layout, () if rows else self.messages, self.page - len(rows))
        lines.append(border(layout, top=False, note=self._position()))
        return lines

    def _measure(self, words: Iterable[RowWords]) -> None:
        """Widths only grow: a table whose columns jump is hard to read and costs a full repaint."""
        for said in words:
            for name, text in said.texts.items():
                if len(text) > self._wanted.get(name, 0):
                    self._wanted[name] = len(text)

    def _measure_anew(self) -> None:
        self._wanted = {}
        self._sampled_of = 0

    def _out_of_sight(self) -> list[Any]:
        """Rows from everywhere, now and then: paging to what is wider should seldom move the columns.

        Of few rows it is all of them: how wide a column is should not hang on how many rows there are.
        """
        total = len(self.source)
        enough = self._sampled_of if total <= 2 * _SAMPLE else self._sampled_of * 5 // 4
        if total <= max(self.page, enough):
            return []
        self._sampled_of = total
        count = total if total <= 2 * _SAMPLE else _SAMPLE
        places = {number * total // count for number in range(count)}
        return [row for place in sorted(places) for row in self.source.window(place, 1)]

    def _looks(self, keys: Sequence[Hashable]) -> list[RowLook]:
        thumb, looks = self._thumb(len(keys)), []
        for place, key in enumerate(keys):
            marked = key in self.source.marks
            layer = Layer.MARK if marked else Layer.NONE
            if self._top + place == self.cursor:
                layer = Layer.CURSOR if self.has_focus else Layer.CURSOR_BLURRED
            faded, glowing = self.changes.fading(key), self.changes.glowing(key)
            looks.append(
                RowLook(layer=layer, marked=marked, faded=faded, glowing=glowing, thumb=place in thumb)
            )
        return looks

    def _thumb(self, shown: int) -> range:
        total = len(self.source)
        if total <= shown:
            return range(0)
        length = max(1, shown * shown // total)
        start = round((shown - length) * self._top / max(1, total - shown))
        return range(start, start + length)

    def _position(self) -> str:
        total = len(self.source)
        return f" {self.cursor + 1:,} of {total:,} " if total > self.page else ""

    # --- moving

    def _settle(self) -> None:
        """Keep cursor and window inside the rows, and the cursor inside the window."""
        last = len(self.source) - 1
        self.cursor = max(0, min(self.cursor, last))
        self._top = max(0, min(self._top, last - self.page + 1))
        self._top = max(self.cursor - self.page + 1, min(self._top, self.cursor))
        row = self.row
        key = self.source.key(row) if row is not None else None
        if key != self._cursor_key:
            self._cursor_key = key
            self.post_message(self.CursorMoved(row))

    def move_to(self, index: int) -> None:
        """Put the cursor on the row at this position."""
        self._steered = True
        self.cursor = index
        self._settle()
        self.sync()

    def move_to_key(self, key: Hashable) -> None:
        """Put the cursor on this object, if it is shown."""
        found = self.source.index_of(key)
        if found is not None:
            self.move_to(found)

    def on_resize(self) -> None:
        self._settle()
        super().on_resize()

    def on_focus(self) -> None:
        self.sync()

    def on_blur(self) -> None:
        self.sync()

    def action_up(self) -> None:
        self.move_to(self.cursor - 1)

    def action_down(self) -> None:
        self.move_to(self.cursor + 1)

    def action_top(self) -> None:
        self.move_to(0)
        self._steered = False

    def action_bottom(self) -> None:
        self.move_to(len(self.source) - 1)

    def _page_by(self, rows: int) -> None:
        self._top += rows
        self.move_to(self.cursor + rows)

    def action_page_down(self) -> None:
        self._page_by(self.page)

    def action_page_up(self) -> None:
        self._page_by(-self.page)

    def action_half_down(self) -> None:
        self._page_by(self.page // 2)

    def action_half_up(self) -> None:
        self._page_by(-(self.page // 2))

    def action_columns_right(self) -> None:
        if self._layout.hidden_right:
            self._skip += 1
            self.sync()

    def action_columns_left(self) -> None:
        if self._skip:
            self._skip = max(0, min(self._skip, self._layout.hidden_left) - 1)
            self.sync()

    # --- acting

    def action_open(self) -> None:
        if self.row is not None:
            self.post_message(self.Opened(self.row))

    def action_mark(self) -> None:
        if self._cursor_key is None:
            return
        self.source.marks.symmetric_difference_update({self._cursor_key})
        self._anchor = self._cursor_key
        self.move_to(self.cursor + 1)
        self.post_message(self.Arranged())

    def action_mark_range(self) -> None:
        start = self.source.index_of(self._anchor) if self._anchor is not None else None
        first, last = sorted((self.cursor if start is None else start, self.cursor))
        self._mark(self.source.window(first, last - first + 1))
        self._anchor = self._cursor_key

    def action_mark_all(self) -> None:
        keys = {self.source.key(row) for row in self.source.window(0, len(self.source))}
        if keys <= self.source.marks:
            self.source.marks.difference_update(keys)
            self.sync()
            self.post_message(self.Arranged())
        else:
            self._mark(self.source.window(0, len(self.source)))

    def _mark(self, rows: Iterable[Any]) -> None:
        self.source.marks.update(self.source.key(row) for row in rows)
        self.sync()
        self.post_message(self.Arranged())

    def action_order(self) -> None:
        self.post_message(self.OrderWanted())

    def action_columns(self) -> None:
        self.post_message(self.ColumnsWanted())

    def action_wide(self) -> None:
        self.wide = not self.wide
        self.columns_changed()
        self.post_message(self.Arranged())

    def order_by(self, column: str) -> None:
        """Order by this column; the one that orders already turns its direction."""
        turn = self.source.sort == column and not self.source.descending
        self.source.order(column, descending=turn)
        self.rows_changed()
        self.post_message(self.Arranged())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(len(self.source)) if action in _NEEDS_ROWS else True

    # --- mouse

    def targets(self) -> list[Target]:
        """The rows on the screen; going to one puts the cursor on its object, wherever that is by then."""
        rows = self.source.window(self._top, self.page)
        return [
            Target(
                1, _FRAME_TOP + place, self.size.width - 2, partial(self.move_to_key, self.source.key(row))
            )
            for place, row in enumerate(rows)
        ]

    def on_click(self, event: events.Click) -> None:
        line = event.y - _FRAME_TOP
        if line == -1:
            self._click_title(event.x)
        elif 0 <= line < min(self.page, len(self.source) - self._top):
            self.move_to(self._top + line)
            if event.chain == 2:
                self.action_open()

    def _click_title(self, x: int) -> None:
        start = GUTTER
        for placed in self._layout.placed:
            if start <= x < start + placed.width + self._layout.gap - 1:
                self.order_by(placed.column.name)
                return
            start += placed.width + self._layout.gap

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._page_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._page_by(-3)


_NEEDS_ROWS = frozenset({"open", "mark", "mark_range", "mark_all"})


def _more(layout: Layout) -> str:
    left = f"← {layout.hidden_left} " if layout.hidden_left else ""
    right = f"{layout.hidden_right} more →" if layout.hidden_right else ""
    return f" {left}{right} " if left or right else ""
