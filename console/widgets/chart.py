"""Line charts in braille: two by four dots a cell, limits as dashed lines, a scale and a time axis.

Our own, and small: the libraries for charts in terminals (plotext, and textual-plotext around it) print whole
frames of their own colours, and know neither our palettes nor a terminal without UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan

from backend.resources.duration import human_duration
from backend.text import SafeStr, fit, safe_text
from console.theme import Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, cut, line_width, wrap

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot, by row and column of its cell (Unicode, chapter 21.1)."""
_EMPTY = 0x2800
_SCALE = 6
"""Cells of the numbers at the left."""
_FAR = 4.0
"""A limit this many times above what is used lies outside: within, it would press the line flat."""
_GAP = 3.5
"""Typical distances between two measurements from which the line is broken: nothing is known in between."""
NARROWEST = 30
"""Cells of a chart that can still be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A level to hold the line against: a request, a limit."""

    label: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """``points``: (seconds, value), the oldest first. ``start`` and ``end`` of the time axis, in seconds."""

    title: str
    points: Sequence[tuple[float, float]]
    start: float
    end: float
    write: Callable[[float], str]
    marks: Sequence[Mark] = ()
    why: str = ""
    """Why there are no points."""


def chart_lines(chart: Chart, width: int, height: int) -> list[Line]:
    """The chart on this many cells; at least a title, three rows, an axis."""
    rows, columns = max(1, height - 3), max(4, width - _SCALE - 1)
    known = [(at, value) for at, value in chart.points if not isnan(value) and at >= chart.start]
    lines = [_legend(chart, known, width)]
    if not known:
        told = wrap((Piece(chart.why or "not measured yet", Tone.DIM),), max(8, width - _SCALE))
        lines += [()] * max(0, (rows - len(told)) // 2)
        lines += [(Piece(SafeStr(" " * (_SCALE - 1))), *line) for line in told]
        return [cut(line, width) for line in lines[:height]]
    top = _top(chart, known)
    canvas = _Canvas(columns, rows)
    for run in _runs(known):
        canvas.draw([(_place(at, chart, columns * 2), _height(value, top, rows * 4)) for at, value in run])
    dashed = {rows - 1 - _height(mark.value, top, rows * 4) // 4 for mark in chart.marks if mark.value <= top}
    for row in range(rows):
        text = chart.write(top) if row == 0 else chart.write(top / 2) if row == rows // 2 and rows > 4 else ""
        text = "0" if row == rows - 1 and rows > 1 else text
        scale = fit(safe_text(text), _SCALE - 1, align="right")
        pieces = canvas.row(row, dashed=row in dashed)
        lines.append((Piece(scale, Tone.DIM), Piece(SafeStr(" │"), Tone.BORDER), *pieces))
    lines.append((Piece(SafeStr(" " * _SCALE + "└" + "─" * columns), Tone.BORDER),))
    lines.append(_times(chart, columns))
    return [cut(line, width) for line in lines]


def _legend(chart: Chart, known: Sequence[tuple[float, float]], width: int) -> Line:
    pieces = [Piece(safe_text(f" {chart.title} "), Tone.STRONG)]
    if known:
        pieces.append(Piece(safe_text(chart.write(known[-1][1])), Tone.ACCENT))
        top = _top(chart, known)
        for mark in chart.marks:
            above = " (above)" if mark.value > top else " ╌╌"
            pieces.append(Piece(safe_text(f"  {mark.label} {chart.write(mark.value)}{above}"), Tone.DIM))
    return cut(pieces, width)


def _top(chart: Chart, known: Sequence[tuple[float, float]]) -> float:
    """The value at the upper edge: room for the line, and for what it is held against unless that is far."""
    peak = max(value for _, value in known)
    near = [mark.value for mark in chart.marks if mark.value <= peak * _FAR]
    return max(peak * 1.15, *(value * 1.05 for value in near), 1e-9)


def _runs(known: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """The points in stretches without gaps."""
    steps = sorted(later[0] - former[0] for former, later in pairwise(known))
    longest = steps[len(steps) // 2] * _GAP if steps else 0.0
    run = [known[0]]
    for point in known[1:]:
        if point[0] - run[-1][0] > longest:
            yield run
            run = []
        run.append(point)
    yield run


def _place(at: float, chart: Chart, dots: int) -> int:
    span = max(1e-9, chart.end - chart.start)
    return min(dots - 1, max(0, round((at - chart.start) / span * (dots - 1))))


def _height(value: float, top: float, dots: int) -> int:
    return min(dots - 1, max(0, round(value / top * (dots - 1))))


def _times(chart: Chart, columns: int) -> Line:
    left = safe_text(f"-{human_duration(chart.end - chart.start)}")
    room = columns - len(left) - len("now")
    if room < 1:
        return (Piece(SafeStr(" " * (_SCALE + 1)) + left, Tone.DIM),)
    return (Piece(SafeStr(" " * (_SCALE + 1) + left + " " * room + "now"), Tone.DIM),)


class _Canvas:
    """Dots on cells; the origin is at the lower left."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._cells = [[0] * columns for _ in range(rows)]

    def draw(self, points: Sequence[tuple[int, int]]) -> None:
        """A line through these dots."""
        if len(points) == 1:
            self._dot(*points[0])
        for (x0, y0), (x1, y1) in pairwise(points):
            before = y0
            for x in range(x0, x1 + 1):
                y = y1 if x1 == x0 else round(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
                for between in range(min(before, y), max(before, y) + 1):
                    self._dot(x, between)
                before = y

    def _dot(self, x: int, y: int) -> None:
        row = self._rows - 1 - y // 4
        if 0 <= row < self._rows and 0 <= x // 2 < self._columns:
            self._cells[row][x // 2] |= _DOTS[3 - y % 4][x % 2]

    def row(self, row: int, *, dashed: bool) -> list[Piece]:
        """One row of cells; empty ones are dashes where a mark lies."""
        pieces: list[Piece] = []
        empty = "╌" if dashed else " "
        run, drawn = "", False
        for bits in self._cells[row]:
            if bool(bits) is not drawn and run:
                pieces.append(Piece(SafeStr(run), Tone.ACCENT if drawn else Tone.DIM))
                run = ""
            drawn = bool(bits)
            run += chr(_EMPTY + bits) if bits else empty
        pieces.append(Piece(SafeStr(run), Tone.ACCENT if drawn else Tone.DIM))
        return pieces


class ChartPane(LineWidget):
    """Charts side by side, as many as there is room for."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._charts: Sequence[Chart] = ()
        self._title: Line = ()

    def show_charts(self, title: Line, charts: Sequence[Chart]) -> None:
        self._title, self._charts = title, charts
        self.sync()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        if not self._charts or height < 5:
            return [cut(self._title, width)]
        shown = self._charts[: max(1, width // NARROWEST)]
        each = width // len(shown)
        columns = [chart_lines(chart, each - 1, height - 1) for chart in shown]
        lines = [cut(self._title, width)]
        for place in range(height - 1):
            parts: list[Piece] = []
            for column in columns:
                line = column[place] if place < len(column) else ()
                parts += [*line, Piece(SafeStr(" " * (each - line_width(line))))]
            lines.append(tuple(parts))
        return lines
