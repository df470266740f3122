"""The lines of a table: frame, header, rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from backend.resources.kind import Health
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
    thumb: bool = False
    """The right border shows that the window is here."""


@dataclass(slots=True)
class RowWords:
    """What one row says, by title of the column; equal words in an equal look are an equal line."""

    texts: dict[str, SafeStr]
    """Safe, each on one line."""
    tones: dict[str, Tone]
    """Of the columns whose text has a tone of its own."""
    health: Health | None


def row_words(
    source: TableSource, rows: Sequence[Any], columns: Sequence[GridColumn], *, now: float
) -> list[RowWords]:
    return [
        RowWords(
            {column.name: safe_text(column.text(row, now), limit=_CELL_LIMIT) for column in columns},
            {column.name: column.tone(row) for column in columns if column.tone is not None},
            source.health(row),
        )
        for row in rows
    ]


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


def row_line(layout: Layout, words: RowWords, look: RowLook) -> Line:
    """One row."""
    layer = look.layer
    glyph, tone = HEALTH[words.health] if words.health is not None else (_SPACE, Tone.TEXT)
    pieces = [
        Piece(_EDGE, Tone.BORDER),
        Piece(_MARK if look.marked else _SPACE, Tone.KEY, layer),
        Piece(glyph, Tone.FADED if look.faded else tone, layer),
        Piece(_SPACE, Tone.TEXT, layer),
    ]
    for index, placed in enumerate(layout.placed):
        column = placed.column
        text = words.texts[column.name]
        if column.tail:
            text = curtail(text, column.tail, room=placed.width - column.min_width)
        text = squeeze(text, placed.width, align=column.align, middle=column.middle)
        colour = Tone.FADED if look.faded else words.tones.get(column.name, Tone.TEXT)
        behind = Layer.GLOW if column.name in look.glowing else layer
        pieces.append(Piece(text, colour, behind))
        pieces += _gap(layout, index, layer=layer)
    return tuple(_closed(pieces, layout, _THUMB if look.thumb else _EDGE, layer))


class RowLines:
    """The lines of the rows on the screen. Of fifty a key or a batch changes a few: the others are the very
    lines they were, and cost a comparison."""

    def __init__(self) -> None:
        self._layout: Layout | None = None
        self._drawn: dict[Hashable, tuple[RowWords, RowLook, Line]] = {}

    def draw(
        self, layout: Layout, keys: Sequence[Hashable], words: Sequence[RowWords], looks: Sequence[RowLook]
    ) -> list[Line]:
        before = self._drawn if layout == self._layout else {}
        self._layout, self._drawn = layout, {}
        lines: list[Line] = []
        for key, said, look in zip(keys, words, looks, strict=True):
            drawn = before.get(key)
            if drawn is None or drawn[0] != said or drawn[1] != look:
                drawn = (said, look, row_line(layout, said, look))
            self._drawn[key] = drawn
            lines.append(drawn[2])
        return lines


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
