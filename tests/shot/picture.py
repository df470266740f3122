"""A terminal's screen as an SVG: text stays text, colours are the program's."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import Any

import pyte

CELL_WIDTH, LINE_HEIGHT, MARGIN = 8.4, 18, 12
BACKGROUND, FOREGROUND = "#0f1318", "#c8d0da"
NAMED = {
    "black": "#1d1f21", "red": "#ee7070", "green": "#7fc08a", "brown": "#e0b050",
    "blue": "#6f9fd8", "magenta": "#a493c8", "cyan": "#6fb3d2", "white": "#c8d0da",
}  # fmt: skip


def colour(value: str, default: str) -> str:
    if value == "default":
        return default
    return NAMED.get(value.removeprefix("bright"), f"#{value}" if len(value) == 6 else default)


def svg(screen: pyte.Screen) -> str:
    """The screen as it is now."""
    width = round(screen.columns * CELL_WIDTH + 2 * MARGIN)
    height = screen.lines * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
    ]
    for y in range(screen.lines):
        parts += _line(screen, y)
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _line(screen: pyte.Screen, y: int) -> list[str]:
    cells = [(x, screen.buffer[y][x]) for x in range(screen.columns)]
    top = MARGIN + y * LINE_HEIGHT
    boxes, texts = [], []
    for look, run in groupby(cells, key=lambda cell: _look(cell[1])):
        members = list(run)
        fore, back, bold, strike = look
        text = "".join(cell.data for _, cell in members)
        left = MARGIN + members[0][0] * CELL_WIDTH
        length = len(members) * CELL_WIDTH
        if back != BACKGROUND:
            boxes.append(
                f'<rect x="{left:.1f}" y="{top}" width="{length:.1f}" height="{LINE_HEIGHT}" fill="{back}"/>'
            )
        if text.strip():
            extra = ' font-weight="bold"' if bold else ""
            extra += ' text-decoration="line-through"' if strike else ""
            texts.append(
                f'<text x="{left:.1f}" y="{top + 13.5}" textLength="{length:.1f}" fill="{fore}"{extra}>'
                f"{escape(text)}</text>"
            )
    return [*boxes, *texts]


def _look(cell: Any) -> tuple[str, str, bool, bool]:
    fore, back = colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND)
    if cell.reverse:
        fore, back = back, fore
    return fore, back, cell.bold, cell.strikethrough
