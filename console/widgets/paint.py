"""The only way text becomes cells: pieces of safe text with a tone, never markup.

A ``str`` handed to a Textual label is parsed as markup, and a pod may be named ``[@click=app.quit]``. Here
a piece holds ``SafeStr`` and nothing else; making one from any other text sanitises it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.segment import Segment
from textual.strip import Strip

from backend.text import SafeStr, cells, fit, safe_text
from console.theme import Layer, Palette, Tone


class Piece:
    """Safe text in one tone on one layer."""

    __slots__ = ("layer", "text", "tone")

    def __init__(self, text: object, tone: Tone = Tone.TEXT, layer: Layer = Layer.NONE) -> None:
        self.text: SafeStr = text if type(text) is SafeStr else safe_text(text)
        self.tone = tone
        self.layer = layer

    @property
    def width(self) -> int:
        return cells(self.text)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Piece)
            and self.text == other.text
            and self.tone is other.tone
            and self.layer is other.layer
        )

    def __hash__(self) -> int:
        return hash((self.text, self.tone, self.layer))

    def __repr__(self) -> str:
        return f"Piece({str(self.text)!r}, {self.tone.value})"


Line = tuple[Piece, ...]
"""One line of a widget, left to right."""


def line_width(line: Iterable[Piece]) -> int:
    return sum(piece.width for piece in line)


def piece_at(line: Iterable[Piece], x: int) -> Piece | None:
    """The piece at this cell of the line, counted from 0; None beside all of them."""
    start = 0
    for piece in line:
        if start <= x < start + piece.width:
            return piece
        start += piece.width
    return None


def plain(line: Iterable[Piece]) -> str:
    """The line's text: what a test or a copy sees."""
    return "".join(piece.text for piece in line)


def cut(line: Iterable[Piece], width: int) -> Line:
    """The line cut to at most ``width`` cells, the cut marked with ``…``."""
    kept: list[Piece] = []
    left = width
    for piece in line:
        taken = piece.width
        if taken > left:
            kept.append(Piece(fit(piece.text, left), piece.tone, piece.layer))
            return tuple(kept)
        kept.append(piece)
        left -= taken
    return tuple(kept)


def dropped(line: Iterable[Piece], count: int) -> Line:
    """The line without its first ``count`` characters."""
    kept: list[Piece] = []
    for piece in line:
        text = SafeStr(piece.text[count:])
        count = max(0, count - len(piece.text))
        if text:
            kept.append(Piece(text, piece.tone, piece.layer))
    return tuple(kept)


def wrap(line: Iterable[Piece], width: int) -> list[Line]:
    """The line broken into lines of at most ``width`` cells, at spaces where there are any."""
    if width <= 0:
        return [tuple(line)]
    rows: list[list[Piece]] = [[]]
    left = width
    for piece in line:
        for text in _broken(piece.text, left, width):
            if text is None:
                rows.append([])
                left = width
                continue
            rows[-1].append(Piece(text, piece.tone, piece.layer))
            left -= cells(text)
    return [tuple(row) for row in rows]


def _broken(text: SafeStr, left: int, width: int) -> Iterator[SafeStr | None]:
    """The text in parts that fit: the first into ``left`` cells, others into ``width``; None: a new line."""
    while cells(text) > left:
        at = text.rfind(" ", 0, left + 1)
        if at <= 0 and left < width:
            yield None
            left = width
            continue
        if at <= 0:
            at = max(1, _fitting(text, left))
            yield SafeStr(text[:at])
            text = SafeStr(text[at:])
        else:
            yield SafeStr(text[:at])
            text = SafeStr(text[at + 1 :])
        yield None
        left = width
    if text:
        yield text


def _fitting(text: str, width: int) -> int:
    """How many characters fit into ``width`` cells."""
    if text.isascii():
        return width
    used = 0
    for index, character in enumerate(text):
        used += cells(character)
        if used > width:
            return index
    return len(text)


def spread(left: Iterable[Piece], right: Iterable[Piece], width: int) -> Line:
    """``left`` at the left and ``right`` at the right edge; what is short of room is cut on the left."""
    right = tuple(right)
    room = width - line_width(right)
    if room < 0:
        return cut(right, width)
    left = cut(left, max(0, room - 1) if right else room)
    return (*left, Piece(SafeStr(" " * (room - line_width(left)))), *right)


def paint(line: Iterable[Piece], width: int, palette: Palette, *, fill: Layer = Layer.NONE) -> Strip:
    """The line as a strip of exactly ``width`` cells, neighbours in one style joined.

    Raises TypeError for a piece whose text is not SafeStr: nothing else may reach the terminal.
    """
    segments: list[Segment] = []
    texts: list[str] = []
    style = None
    used = 0
    for piece in (*cut(line, width), None):
        if piece is None:
            wanted, text = palette.style(Tone.TEXT, fill), SafeStr(" " * (width - used))
        else:
            if type(piece.text) is not SafeStr:
                raise TypeError("only SafeStr may be painted")
            layer = fill if piece.layer is Layer.NONE else piece.layer
            wanted, text = palette.style(piece.tone, layer), piece.text
            used += piece.width
        if not text:
            continue
        if style is not None and wanted is not style:
            segments.append(Segment("".join(texts), style))
            texts = []
        style = wanted
        texts.append(text)
    if texts:
        segments.append(Segment("".join(texts), style))
    return Strip(segments, width)
