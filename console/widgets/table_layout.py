"""Which columns fit, and how wide each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.text import SafeStr, cells, fit
from console.widgets.table_source import GridColumn

GUTTER = 4
"""Left border, mark, health glyph, a space."""
_USEFUL = 16
_NUMBER = 8
"""Cells of the longest plain number or age; what follows it in the same cell may be cut."""
_RULED_FROM = 100
"""Narrower tables spend no cells on rules between columns."""


@dataclass(frozen=True, slots=True)
class Placed:
    column: GridColumn
    width: int


@dataclass(frozen=True, slots=True)
class Layout:
    placed: tuple[Placed, ...]
    hidden_left: int
    hidden_right: int
    """Columns that are not shown for lack of room; ``→`` reaches them."""
    width: int
    ruled: bool

    @property
    def gap(self) -> int:
        """Cells between two columns' texts."""
        return 3 if self.ruled else 2


def lay_out(columns: Sequence[GridColumn], wanted: Mapping[str, int], width: int, *, skip: int = 0) -> Layout:
    """Place columns on ``width`` cells.

    ``wanted`` is the widest text seen per column. Columns are dropped by priority until the rest fits at
    its smallest useful width; then widths grow towards what is wanted, the most important first. ``skip``
    leaves out that many of the columns that are not pinned, from the left (scrolling sideways).
    """
    ruled = width >= _RULED_FROM
    gap = 3 if ruled else 2
    movable = [column for column in columns if not column.pinned]
    skip = max(0, min(skip, len(movable) - 1)) if movable else 0
    skipped = {column.name for column in movable[:skip]}
    kept = [column for column in columns if column.name not in skipped]
    room = width - GUTTER - 1
    smallest = {column.name: _smallest(column, wanted) for column in kept}
    while len(kept) > 1 and _total(kept, smallest, gap) > room:
        droppable = [c for c in kept if c.priority > 0 and not c.pinned] or kept[1:]
        kept.remove(max(reversed(droppable), key=lambda column: column.priority))
    widths = {column.name: smallest[column.name] for column in kept}
    left = room - _total(kept, widths, gap)
    for column in sorted(kept, key=lambda column: column.priority):
        more = min(max(0, left), max(wanted.get(column.name, 0), cells(column.name)) - widths[column.name])
        if more > 0:
            widths[column.name] += more
            left -= more
    if left < 0:  # even the first column alone is too wide
        widths[kept[0].name] = max(1, widths[kept[0].name] + left)
    placed = tuple(Placed(column, widths[column.name]) for column in kept)
    return Layout(placed, skip, len(columns) - skip - len(kept), width, ruled)


def _smallest(column: GridColumn, wanted: Mapping[str, int]) -> int:
    """What it needs to be worth showing; the most important ones are worth dropping others for.

    Numbers and ages are shown whole: ``3h5…`` would be read as three hours and five.
    """
    useful = max(column.min_width, _USEFUL) if column.priority == 0 else column.min_width
    if column.align == "right":
        useful = max(useful, _NUMBER)
    return max(cells(column.name), min(useful, wanted.get(column.name, 0)))


def _total(columns: Sequence[GridColumn], widths: Mapping[str, int], gap: int) -> int:
    return sum(widths[column.name] for column in columns) + gap * len(columns)


def squeeze(text: SafeStr, width: int, *, align: str = "left", middle: bool = False) -> SafeStr:
    """Pad or cut to ``width`` cells; ``middle`` keeps the text's beginning and end.

    What follows a number in brackets is shown whole or not at all: half a time would be read as another.
    """
    if align == "right" and cells(text) > width:
        text = SafeStr(text.partition(" (")[0])
    if not middle or width < 8 or cells(text) <= width or not text.isascii():
        return fit(text, width, align=align)
    tail = (width - 1) // 2
    return SafeStr(f"{text[: width - 1 - tail]}…{text[-tail:]}")


def curtail(text: SafeStr, tail: int, *, room: int) -> SafeStr:
    """The text with as much of its tail as there is ``room`` for: a blank and the newest bars, at least 2."""
    if room >= tail or len(text) <= tail:
        return text
    value, bars = text[:-tail], text[len(text) - room + 1 :]
    return SafeStr(f"{value} {bars}" if room > 2 else value)
