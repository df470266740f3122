"""Lines of pieces as a picture (SVG 1.1) that needs nothing else: no fonts, no scripts, no addresses."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from backend.text import cells
from console.theme import Palette, Tone
from console.widgets.paint import Line

_WIDE, _HIGH = 8.4, 18.0
"""Pixels of one cell, for a monospaced font of 14 pixels."""


def svg(lines: Sequence[Line], palette: Palette, *, title: str, notes: Sequence[str] = ()) -> str:
    """The lines in the palette's colours; notes stand below and in the picture's description."""
    all_lines = [*lines, *((),) * bool(notes)]
    width = max((sum(piece.width for piece in line) for line in all_lines), default=1)
    width = max(width, *(cells(note) for note in notes), 1) if notes else width
    height = len(all_lines) + len(notes)
    background = palette.background or ("#101010" if palette.dark else "#ffffff")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{(width + 2) * _WIDE:.0f}" '
        f'height="{(height + 1) * _HIGH:.0f}" font-family="monospace" font-size="14">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape('; '.join(notes))}</desc>",
        f'<rect width="100%" height="100%" fill="{background}"/>',
    ]
    for place, line in enumerate(all_lines):
        parts.append(_text(line, place, palette))
    for place, note in enumerate(notes, len(all_lines)):
        parts.append(_run(note, 0, place, _colour(palette, Tone.DIM)))
    return "\n".join([*parts, "</svg>", ""])


def _text(line: Line, place: int, palette: Palette) -> str:
    runs, x = [], 0
    for piece in line:
        if piece.text.strip():
            runs.append(_run(piece.text, x, place, _colour(palette, piece.tone)))
        x += piece.width
    return "".join(runs)


def _run(text: str, x: int, y: int, colour: str) -> str:
    """Its length is given: another font's letters still stand under each other."""
    left, base, length = (x + 1) * _WIDE, (y + 1) * _HIGH, cells(text) * _WIDE
    return (
        f'<text x="{left:.1f}" y="{base:.1f}" fill="{colour}" xml:space="preserve" '
        f'textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def _colour(palette: Palette, tone: Tone) -> str:
    found = palette.style(tone).color
    if found is None or found.triplet is None:
        return palette.foreground or ("#d0d0d0" if palette.dark else "#202020")
    return found.triplet.hex
