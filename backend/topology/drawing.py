"""Boxes and arrows in the cells of a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from backend.resources.kind import Health
from backend.text import SafeStr, cells, fit
from backend.topology.layout import Layout, arrange, heights
from backend.topology.sketch import Box, Sketch

TALL = 4
"""Rows of a box: two lines of text in a frame."""
_WIDEST, _NARROWEST = 30, 14
_TRACKS = 10
"""Columns between two layers in which arrows go up and down."""
_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = {
    _UP | _DOWN: "│",
    _LEFT | _RIGHT: "─",
    _UP: "│",
    _DOWN: "│",
    _LEFT: "─",
    _RIGHT: "─",
    _DOWN | _RIGHT: "┌",
    _DOWN | _LEFT: "┐",
    _UP | _RIGHT: "└",
    _UP | _LEFT: "┘",
    _UP | _DOWN | _RIGHT: "├",
    _UP | _DOWN | _LEFT: "┤",
    _DOWN | _LEFT | _RIGHT: "┬",
    _UP | _LEFT | _RIGHT: "┴",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}
_ASCII = {"│": "|", "─": "-", "▶": ">", "◀": "<"}


@dataclass(frozen=True, slots=True)
class Run:
    """Cells of a row that look alike; ``box``: which box they belong to, if any."""

    text: SafeStr
    health: Health | None = None
    box: int | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    rows: list[list[Run]]
    width: int
    tops: dict[int, tuple[int, int]]
    """Of each box: its column and row."""
    widths: dict[int, int]
    arrows: dict[int, set[tuple[int, int]]]
    """Of each box: the cells (column, row) of the arrows that lead to it and away from it."""

    def nearest(self, box: int, *, across: int = 0, down: int = 0) -> int:
        """The box to which an arrow key leads; the same where there is none that way."""
        x, y = self.tops[box]
        best, found = None, box
        for other, (left, top) in self.tops.items():
            ahead = (left - x) * across + (top - y) * down
            aside = abs(top - y) * 3 if across else abs(left - x) * 2
            if ahead > 0:
                score = ahead + aside
                if best is None or score < best:
                    best, found = score, other
        return found


def draw(sketch: Sketch, glyphs: dict[Health, str], *, unicode: bool = True) -> Drawing:
    """``glyphs``: a cell for each health. Without ``unicode``, lines are ASCII; names stay as they are."""
    count = len(sketch.boxes)
    layout = arrange(count, [(arrow.source, arrow.target) for arrow in sketch.arrows])
    top = heights(layout, count, tall=TALL, gap=1)
    canvas = _Canvas(unicode=unicode)
    left, tops, widths = 0, dict[int, tuple[int, int]](), dict[int, int]()
    for number, layer in enumerate(layout.layers):
        wanted = [cells(f"{sketch.boxes[b].kind}  ") for b in layer if b < count]
        wanted += [cells(sketch.boxes[b].name) for b in layer if b < count]
        wide = min(_WIDEST, max([*wanted, _NARROWEST])) + 4
        for box in layer:
            if box < count:
                tops[box], widths[box] = (left, top[box]), wide
                drawn = sketch.boxes[box]
                canvas.box(box, drawn, (left, top[box], wide), glyph=glyphs[drawn.verdict.health])
            else:
                canvas.note(box)
                canvas.level(left, left + wide - 1, top[box])
        left += wide
        if number + 1 < len(layout.layers):
            rows = {box: at + (TALL // 2 - 1 if box < count else 0) for box, at in top.items()}
            left = _join(canvas, layout, number, rows, left=left)
    heads = [_head(route, tops, top, widths) for route in layout.routes]
    canvas.heads(heads)
    arrows: dict[int, set[tuple[int, int]]] = {}
    for route, (column, row, _) in zip(layout.routes, heads, strict=True):
        trail = canvas.trail(route) | {(column, row)}
        for box in (route[0], route[-1]):
            arrows.setdefault(box, set()).update(trail)
    return Drawing(canvas.rows(), canvas.width, tops, widths, arrows)


def _join(canvas: _Canvas, layout: Layout, number: int, rows: dict[int, int], *, left: int) -> int:
    """Draw the arrows between a layer and the next, from column ``left``; gives where that one begins."""
    here = set(layout.layers[number])
    found: dict[int, list[int]] = {}
    for source, target in layout.steps:
        if source in here:
            found.setdefault(source, []).append(target)
    bent = [s for s in layout.layers[number] if any(rows[t] != rows[s] for t in found.get(s, ()))]
    right = left + min(len(bent), _TRACKS) + 3
    track = {source: left + 1 + place % _TRACKS for place, source in enumerate(bent)}
    for source, targets in found.items():
        turn = track.get(source, left + 1)
        canvas.note((source, None))
        canvas.level(left, turn, rows[source])
        for target in targets:
            canvas.note((source, target))
            canvas.upright(turn, rows[source], rows[target])
            canvas.level(turn, right - 1, rows[target])
    return right


_Head = tuple[int, int, str]


def _head(
    route: tuple[int, ...], tops: dict[int, tuple[int, int]], top: dict[int, int], widths: dict[int, int]
) -> _Head:
    target, before = route[-1], route[-2]
    left, row = tops[target]
    backward = tops[before][0] > left if before in tops else tops[route[0]][0] > left
    if backward:
        return (left + widths[target], row + TALL // 2 - 1, "◀")
    return (left - 1, row + TALL // 2 - 1, "▶")


class _Canvas:
    def __init__(self, *, unicode: bool) -> None:
        self.width = 0
        self._unicode = unicode
        self._cells: dict[tuple[int, int], tuple[str, Health | None, int | None]] = {}
        self._lines: dict[tuple[int, int], int] = {}
        self._trails: dict[object, set[tuple[int, int]]] = {}
        self._trail: set[tuple[int, int]] = set()

    def note(self, what: object) -> None:
        """The lines that come now belong to this: a point, a step, or the beginning of all steps of a box."""
        self._trail = self._trails.setdefault(what, set())

    def trail(self, route: tuple[int, ...]) -> set[tuple[int, int]]:
        """The cells of an arrow."""
        found = set().union(*(self._trails.get(point, ()) for point in route[1:-1]))
        for one, other in pairwise(route):
            step = (one, other) if (one, other) in self._trails else (other, one)
            found |= self._trails.get(step, set()) | self._trails.get((step[0], None), set())
        return found

    def box(self, box: int, drawn: Box, where: tuple[int, int, int], *, glyph: str) -> None:
        """``where``: column, row, width."""
        left, top, wide = where
        health = drawn.verdict.health
        corners, level, side = ("┌┐└┘", "─", "│") if self._unicode else ("++++", "-", "|")
        if len(drawn.nodes) > 1 and self._unicode:
            corners, level, side = "╔╗╚╝", "═", "║"
        room = wide - 4
        kind = fit(SafeStr(f"{glyph} {drawn.kind}"), room)
        rows = (
            corners[0] + level * (wide - 2) + corners[1],
            f"{side} {kind} {side}",
            f"{side} {_middle_cut(drawn.name, room)} {side}",
            corners[2] + level * (wide - 2) + corners[3],
        )
        for down, text in enumerate(rows):
            self._write(left, top + down, text, health, box)

    def level(self, start: int, end: int, row: int) -> None:
        for column in range(min(start, end), max(start, end) + 1):
            bits = (_LEFT if column > min(start, end) else 0) | (_RIGHT if column < max(start, end) else 0)
            self._line(column, row, bits)

    def upright(self, column: int, start: int, end: int) -> None:
        for row in range(min(start, end), max(start, end) + 1):
            bits = (_UP if row > min(start, end) else 0) | (_DOWN if row < max(start, end) else 0)
            self._line(column, row, bits)

    def heads(self, heads: Iterable[_Head]) -> None:
        for column, row, head in heads:
            if (column, row) in self._lines:
                text = head if self._unicode else _ASCII[head]
                self._cells[column, row] = (text, None, None)

    def rows(self) -> list[list[Run]]:
        """Row by row, alike cells together."""
        by_row: dict[int, dict[int, tuple[str, Health | None, int | None]]] = {}
        for (column, row), bits in self._lines.items():
            line = _LINES.get(bits, "─")
            text = line if self._unicode else _ASCII.get(line, "+")
            by_row.setdefault(row, {})[column] = (text, None, None)
        for (column, row), cell in self._cells.items():
            by_row.setdefault(row, {})[column] = cell
        height = max(by_row, default=-1) + 1
        return [_runs(by_row.get(row, {})) for row in range(height)]

    def _line(self, column: int, row: int, bits: int) -> None:
        self._lines[column, row] = self._lines.get((column, row), 0) | bits
        self._trail.add((column, row))
        self.width = max(self.width, column + 1)

    def _write(self, left: int, row: int, text: str, health: Health | None, box: int | None) -> None:
        column = left
        for character in text:
            wide = cells(character)
            if wide == 0:
                continue
            self._cells[column, row] = (character, health, box)
            for more in range(1, wide):
                self._cells[column + more, row] = ("", health, box)
            column += wide
        self.width = max(self.width, column)


def _runs(row: dict[int, tuple[str, Health | None, int | None]]) -> list[Run]:
    runs: list[Run] = []
    text, look = "", (None, None)
    for column in range(max(row, default=-1) + 1):
        character, health, box = row.get(column, (" ", None, None))
        if (health, box) != look:
            if text:
                runs.append(Run(SafeStr(text), *look))
            text, look = "", (health, box)  # type: ignore[assignment]
        text += character
    if text:
        runs.append(Run(SafeStr(text), *look))
    return runs


def _middle_cut(text: SafeStr, width: int) -> SafeStr:
    """Cut in the middle: the ends of generated names tell them apart."""
    if cells(text) <= width or not text.isascii():
        return fit(text, width)
    head = (width - 1) // 2
    tail = width - 1 - head
    return SafeStr(f"{text[:head]}…{text[-tail:]}")
