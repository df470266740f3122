"""A terminal's screen as a picture, in the program's own colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyte

LINE_HEIGHT, MARGIN = 18, 12
BACKGROUND, FOREGROUND = "#0f1318", "#c8d0da"
NAMED = {
    "black": "#1d1f21", "red": "#ee7070", "green": "#7fc08a", "brown": "#e0b050",
    "blue": "#6f9fd8", "magenta": "#a493c8", "cyan": "#6fb3d2", "white": "#c8d0da",
}  # fmt: skip


def colour(value: str, default: str) -> str:
    if value == "default":
        return default
    return NAMED.get(value.removeprefix("bright"), f"#{value}" if len(value) == 6 else default)


def _look(cell: Any) -> tuple[str, str, bool, bool]:
    fore, back = colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND)
    if cell.reverse:
        fore, back = back, fore
    return fore, back, cell.bold, cell.strikethrough


def png(screen: pyte.Screen, path: Path) -> None:
    """Draw the screen as it is now. Needs a monospace font (fonts-dejavu-core)."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype("DejaVuSansMono.ttf", 14)
    bold = ImageFont.truetype("DejaVuSansMono-Bold.ttf", 14)
    wide = round(font.getlength("M"))
    size = (screen.columns * wide + 2 * MARGIN, screen.lines * LINE_HEIGHT + 2 * MARGIN)
    image = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(image)
    for y in range(screen.lines):
        for x in range(screen.columns):
            cell = screen.buffer[y][x]
            fore, back, heavy, strike = _look(cell)
            left, top = MARGIN + x * wide, MARGIN + y * LINE_HEIGHT
            if back != BACKGROUND:
                draw.rectangle((left, top, left + wide - 1, top + LINE_HEIGHT - 1), fill=back)
            if cell.data.strip():
                draw.text((left, top + 1), cell.data, fill=fore, font=bold if heavy else font)
            if strike:
                draw.line((left, top + 9, left + wide, top + 9), fill=fore)
    image.save(path, optimize=True)
