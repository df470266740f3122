"""The lines of a table: frame, header, rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.text import SafeStr, cells, fit, safe_text
from console.states import HEALTH
from console.theme import Layer, Tone
from console.widgets.paint import Line, Piece, cut, line_width
from console.widgets.table_layout import GUTTER, Layout, curtail, squeeze
from console.widgets.table_source import GridColumn, TableSource

_CELL_LIMIT = 512
# A screen has a thousand of these; what is SafeStr already is not sanitised again.
_EDGE, _THUMB, _MARK, _SPACE = SafeStr("│"), SafeStr("┃"), SafeStr("◆"), SafeStr(" ")
_TWO_SPACES = SafeStr("  ")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLook:
    """How one row looks apart from its content."""

    layer: Layer = Layer.NONE
    marked: bool = False
    faded: bool = False
    glowing: frozenset[str] = frozenset()
    """Titles of the columns whose cell changed a moment ago."""


def cell_text(column: GridColumn, row: Any, now: float) -> SafeStr:
    """What a cell shows, safe and on one line."""
    return safe_text(column.text(row, now), limit=_CELL_LIMIT)


def border(layout: Layout, *, top: bool, note: str = "") -> Line:
    """The table's upper or lower edge; ``note`` stands near its right end."""
    left, joint, right = ("┌", "┬", "┐") if top else ("└", "┴", "┘")
    parts = [left, "───"]
    used = GUTTER
    for index, placed in enumerate(layout.placed):
        last = index == len(layout.placed) - 1
        dash = placed.width + (1 if layout.ruled else 2)
        parts.append("─" * dash)
        used += dash
        if layout.ruled and not last:
            parts.append(joint + "─")
            used += 2
    parts.append("─" * max(0, layout.width - used - 1))
    text = "".join(parts)[: layout.width - 1] + right
    if note and len(text) > len(note) + 8:
        cut = len(text) - len(note) - 3
        return (
            Piece(SafeStr(text[:cut]), Tone.BORDER),
            Piece(SafeStr(note), Tone.DIM),
            Piece(SafeStr(text[cut + len(note) :]), Tone.BORDER),
        )
    return (Piece(SafeStr(text), Tone.BORDER),)


def header(layout: Layout, source: TableSource) -> Line:
    """The titles; the ordering column is marked with its direction."""
    pieces = [Piece(_EDGE, Tone.BORDER), Piece("   ")]
    for index, placed in enumerate(layout.placed):
        title = placed.column.name
        ordering = title == source.sort
        if ordering:
            title = f"{title}{'↓' if source.descending else '↑'}"
        if cells(title) > placed.width:  # the arrow takes the gap's first cell
            title_text = safe_text(title)
            over = min(1, cells(title) - placed.width)
        else:
            title_text, over = fit(safe_text(title), placed.width, align=placed.column.align), 0
        pieces.append(Piece(title_text, Tone.TITLE if ordering else Tone.STRONG))
        pieces += _gap(layout, index, over=over)
    return tuple(_closed(pieces, layout, _EDGE))


def row_line(
    layout: Layout, source: TableSource, row: Any, *, now: float, look: RowLook, thumb: bool
) -> Line:
    """One row; ``thumb`` draws the part of the right border that shows where the window is."""
    layer = look.layer
    health = source.health(row)
    glyph, tone = HEALTH[health] if health is not None else (_SPACE, Tone.TEXT)
    pieces = [
        Piece(_EDGE, Tone.BORDER),
        Piece(_MARK if look.marked else _SPACE, Tone.KEY, layer),
        Piece(glyph, Tone.FADED if look.faded else tone, layer),
        Piece(_SPACE, Tone.TEXT, layer),
    ]
    for index, placed in enumerate(layout.placed):
        column = placed.column
        text = cell_text(column, row, now)
        if column.tail:
            text = curtail(text, column.tail, room=placed.width - column.min_width)
        text = squeeze(text, placed.width, align=column.align, middle=column.middle)
        own = column.tone(row) if column.tone else Tone.TEXT
        colour = Tone.FADED if look.faded else own
        behind = Layer.GLOW if column.name in look.glowing else layer
        pieces.append(Piece(text, colour, behind))
        pieces += _gap(layout, index, layer=layer)
    return tuple(_closed(pieces, layout, _THUMB if thumb else _EDGE, layer))


def message_lines(layout: Layout, messages: Sequence[Line], height: int) -> list[Line]:
    """Why a table is empty and what to press, inside the frame."""
    lines: list[Line] = []
    for index in range(height):
        place = index - 1
        inside = messages[place] if 0 <= place < len(messages) else ()
        lines.append(tuple(_closed([Piece(_EDGE, Tone.BORDER), Piece(_TWO_SPACES), *inside], layout, _EDGE)))
    return lines


def _gap(layout: Layout, index: int, *, layer: Layer = Layer.NONE, over: int = 0) -> list[Piece]:
    if index == len(layout.placed) - 1:
        return []
    if not layout.ruled:
        return [Piece(SafeStr("  "[over:]) if over else _TWO_SPACES, Tone.TEXT, layer)]
    return [
        Piece(SafeStr(" "[over:]) if over else _SPACE, Tone.TEXT, layer),
        Piece(_EDGE, Tone.BORDER, layer),
        Piece(_SPACE, Tone.TEXT, layer),
    ]


def _closed(pieces: list[Piece], layout: Layout, edge: SafeStr, layer: Layer = Layer.NONE) -> list[Piece]:
    """Cut or pad to the right border."""
    inside = list(cut(pieces, layout.width - 1))
    room = layout.width - 1 - line_width(inside)
    return [*inside, Piece(SafeStr(" " * room), Tone.TEXT, layer), Piece(edge, Tone.BORDER)]
