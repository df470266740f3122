"""The lines of a log desk: only those in sight are read and drawn, however many there are.

Lines that are on the disk only are read by a thread; until they are here their place is held. A key never
waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import events, work
from textual.message import Message

from backend.observe.logs.block import Entry
from backend.observe.logs.desk import LogDesk
from backend.text import SafeStr
from console.actions import Scope
from console.keymap import bindings
from console.theme import Layer, Tone
from console.widgets.lines import LineWidget
from console.widgets.log_lines import LogLook, body, head, titles
from console.widgets.paint import Line, Piece, cut, line_width, wrap

_KEPT = 4000
"""Lines read from the disk that are kept for the way back."""
_AHEAD = 3
"""Screens that are read before and behind the one that is wanted."""
_HELD = Piece(SafeStr("   …"), Tone.DIM)


class LogPane(LineWidget, can_focus=True):
    """A cursor on one line; at the end it stays with new lines until somebody moves away."""

    BINDINGS = bindings(Scope.READING)

    class Moved(Message):
        """The cursor stands elsewhere, or following began or ended."""

    class Opened(Message):
        """Enter on a line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.desk: LogDesk | None = None
        self.look = LogLook()
        self.following = True
        self.wrapping = False
        self.cursor = 0
        """Number of the line the cursor stands on."""
        self.marked: set[int] = set()
        self.messages: Sequence[Line] = ()
        """Shown while there are no lines."""
        self._top = 0
        """Number of the first line in sight."""
        self._skip = 0
        """Rows of it that are above the screen."""
        self._left = 0
        self._read: dict[int, Entry] = {}
        self._rows: list[int] = []
        """Of each row on the screen, the number of its line."""
        self._indent = 0
        """Cells before a line's text."""
        self._above = 0
        """Rows above the lines: the columns' titles."""

    # --- lines

    def entry(self, number: int) -> Entry | None:
        """A line, if it is in memory."""
        assert self.desk is not None
        found = self._read.get(number)
        if found is None:
            here = self.desk.spool.at_hand(number, number + 1)
            found = here[0] if here else None
        return found

    @property
    def current(self) -> Entry | None:
        """The line under the cursor."""
        if self.desk is None or not len(self.desk.shown):
            return None
        return self.entry(self.cursor)

    @work(exclusive=True, group="lines", exit_on_error=False)
    async def _fetch(self, numbers: Sequence[int]) -> None:
        desk = self.desk
        if desk is None:
            return
        found = await asyncio.to_thread(_read_all, desk, numbers)
        if len(self._read) > _KEPT:
            self._read.clear()
        self._read.update(found)
        self.sync()

    def forget(self) -> None:
        """Another desk is shown."""
        self._read.clear()
        self.marked.clear()
        self.following, self.cursor, self._top, self._skip = True, 0, 0, 0

    # --- drawing

    def compose_lines(self, width: int, height: int) -> list[Line]:
        desk = self.desk
        if desk is None or not len(desk.shown):
            self._rows = []
            return [cut((Piece(" "), *line), width) for line in self.messages]
        above = 1 if self.look.columns else 0
        rows = self._window(desk, width, max(1, height - above))
        header = [self._titles(width)] if above else []
        self._prefetch(height)
        self._rows = [number for number, _ in rows]
        self._above = len(header)
        return header + [line for _, line in rows]

    def _window(self, desk: LogDesk, width: int, height: int) -> list[tuple[int, Line]]:
        """The rows in sight, each with the number of its line."""
        count = len(desk.shown)
        if self.following:
            self.cursor = desk.shown.number(count - 1)
            return self._upwards(count - 1, width, height)
        rows = self._downwards(desk.shown.place(self._top), width, height)
        return rows if len(rows) == height else self._upwards(count - 1, width, height)

    def _titles(self, width: int) -> Line:
        """The columns' names, above what they name."""
        before = Piece(SafeStr(" " * self._indent), Tone.DIM)
        return cut((before, *(_from(titles(self.look), self._left))), width)

    def _upwards(self, place: int, width: int, height: int) -> list[tuple[int, Line]]:
        """Rows that end with the line at a place."""
        assert self.desk is not None
        shown = self.desk.shown
        rows: list[tuple[int, Line]] = []
        while place >= 0 and len(rows) < height:
            number = shown.number(place)
            above = shown.number(place - 1) if place else None
            rows = [(number, row) for row in self._drawn(number, width, above=above)] + rows
            self._top = number
            place -= 1
        self._skip = max(0, len(rows) - height)
        return rows[self._skip :]

    def _downwards(self, place: int, width: int, height: int) -> list[tuple[int, Line]]:
        assert self.desk is not None
        shown = self.desk.shown
        rows: list[tuple[int, Line]] = []
        wanted = height + self._skip
        above = shown.number(place - 1) if place > 0 else None
        for number in shown.numbers(place, place + wanted):
            rows += [(number, row) for row in self._drawn(number, width, above=above)]
            above = number
            if len(rows) >= wanted:
                break
        return rows[self._skip : wanted]

    def _drawn(self, number: int, width: int, *, above: int | None) -> list[Line]:
        """The rows of one line; ``above``: the number of the line that is shown before it."""
        entry = self.entry(number)
        if entry is None:
            self._missing.append(number)
            return [(_HELD,)]
        assert self.desk is not None
        source = self.desk.follower.sources[entry.source]
        former = self.entry(above) if above is not None else None
        before = head(
            entry,
            source,
            self.look,
            now=self.navarch.now(),
            marked=number in self.marked,
            late=former is not None and entry.time < former.time,
        )
        text = body(entry, self.look, data=self.desk.layouts.data_at(entry.source, number))
        self._indent = line_width(before)
        room = max(10, width - self._indent)
        if self.wrapping:
            indent = Piece(SafeStr(" " * self._indent))
            parts = wrap(text, room)
            rows = [(before if at == 0 else (indent,)) + part for at, part in enumerate(parts)]
        else:
            rows = [(*before, *(_from(text, self._left) if self._left else text))]
        if number == self.cursor:
            layer = Layer.CURSOR if self.has_focus else Layer.CURSOR_BLURRED
            rows = [self._under(row, layer, width) for row in rows]
        return [cut(row, width) for row in rows]

    @staticmethod
    def _under(row: Line, layer: Layer, width: int) -> Line:
        rest = width - line_width(row)
        padded = (*row, Piece(SafeStr(" " * rest))) if rest > 0 else row
        return tuple(Piece(piece.text, piece.tone, layer) for piece in padded)

    _missing: list[int]

    def sync(self) -> None:
        self._missing = []
        super().sync()

    def on_resize(self) -> None:
        self._missing = []
        super().on_resize()

    def _prefetch(self, height: int) -> None:
        """Have what is missing read, and what one may scroll to next."""
        if not self._missing or self.desk is None:
            return
        shown = self.desk.shown
        first, last = shown.place(self._missing[0]), shown.place(self._missing[-1])
        around = shown.numbers(min(first, last) - _AHEAD * height, max(first, last) + _AHEAD * height)
        self._fetch([number for number in around if number not in self._read])

    # --- moving

    def go_to(self, number: int) -> None:
        """Stand on a line, a third below the top."""
        if self.desk is None or not len(self.desk.shown):
            return
        shown = self.desk.shown
        place = min(shown.place(number), len(shown) - 1)
        self.following = False
        self.cursor = shown.number(place)
        self._top = shown.number(max(0, place - self.size.height // 3))
        self._skip = 0
        self._changed()

    def move(self, by: int) -> None:
        """Move the cursor by so many shown lines."""
        if self.desk is None or not (count := len(self.desk.shown)):
            return
        shown = self.desk.shown
        place = max(0, min(count - 1, shown.place(self.cursor) + by))
        if self.following and by >= 0:
            return
        self.following = by > 0 and place == count - 1
        self.cursor = shown.number(place)
        if not self.following:
            self._keep_in_sight(place)
        self._changed()

    def _keep_in_sight(self, place: int) -> None:
        assert self.desk is not None
        shown = self.desk.shown
        height = max(1, self.size.height - self._above)
        if self.cursor < self._top or (self.cursor == self._top and self._skip):
            self._top, self._skip = self.cursor, 0
            return
        if self.cursor in self._rows[:-1] or (
            self._rows and self._rows[-1] == self.cursor and not self.wrapping
        ):
            return
        if place - shown.place(self._top) >= height or (self._rows and self.cursor >= self._rows[-1]):
            self._missing = []
            self._upwards(place, self.size.width, height)

    def _changed(self) -> None:
        self.sync()
        self.post_message(self.Moved())

    def stand(self) -> None:
        """No longer stay with new lines."""
        self.following = False

    def follow(self, on: bool) -> None:
        self.following = on
        self._changed()

    def action_up(self) -> None:
        self.move(-1)

    def action_down(self) -> None:
        self.move(1)

    def action_top(self) -> None:
        if self.desk is not None:
            self.move(-len(self.desk.shown))

    def action_bottom(self) -> None:
        self.follow(True)

    def action_page_down(self) -> None:
        self.move(max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        self.move(-max(1, self.size.height - 1))

    def action_half_down(self) -> None:
        self.move(max(1, self.size.height // 2))

    def action_half_up(self) -> None:
        self.move(-max(1, self.size.height // 2))

    def action_columns_right(self) -> None:
        self._left += 8
        self.sync()

    def action_columns_left(self) -> None:
        self._left = max(0, self._left - 8)
        self.sync()

    def wrap_lines(self, on: bool) -> None:
        self.wrapping, self._left, self._skip = on, 0, 0
        self.sync()

    def on_focus(self) -> None:
        self.sync()

    def on_blur(self) -> None:
        self.sync()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)

    def on_click(self, event: events.Click) -> None:
        row = event.y - self._above
        if 0 <= row < len(self._rows):
            event.stop()
            if self._rows[row] == self.cursor:
                self.post_message(self.Opened())
                return
            self.following = False
            self.cursor = self._rows[row]
            self._changed()


def _read_all(desk: LogDesk, numbers: Sequence[int]) -> dict[int, Entry]:
    """In a thread: runs of neighbours at a time."""
    found: dict[int, Entry] = {}
    at = 0
    while at < len(numbers):
        end = at + 1
        while end < len(numbers) and numbers[end] == numbers[end - 1] + 1:
            end += 1
        start = max(numbers[at], desk.spool.first)
        for place, entry in enumerate(desk.spool.read(start, numbers[end - 1] + 1)):
            found[start + place] = entry
        at = end
    return found


def _from(line: Line, left: int) -> Line:
    """The line without its first characters."""
    kept: list[Piece] = []
    for piece in line:
        if left >= len(piece.text):
            left -= len(piece.text)
            continue
        kept.append(Piece(SafeStr(piece.text[left:]), piece.tone, piece.layer))
        left = 0
    return tuple(kept)
