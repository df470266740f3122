"""Remembers what the terminal shows, and writes only what differs.

Textual repaints whole widgets (a changed cell: its line from the left; a page: every cell), each run of
text wrapped in complete colours. Over SSH that is 15 to 30 kB a page. A shadow of the screen, as curses
keeps one, turns the same frames into the cells that changed, with short colour changes between them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from backend.text import cells

_TOKEN = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<sgr>[0-9;]*)m"
    r"|(?P<control>\x1bP(?:[^\x1b]|\x1b\x1b)*\x1b\\"
    r"|\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~]))"
    r"|(?P<break>[\n\r])"
    r"|(?P<text>[^\x1b\n\r]+)"
)
_RESETS: Final = re.compile(r"\x1b\[(?:2J|\?1049[hl])")
_GAP: Final = 4
"""So many unchanged cells in one colour are written again: no dearer than moving over them."""
_STAYS: Final = frozenset({"\x1b[?2026h", "\x1b[?2026l", "\x1b[?25h", "\x1b[?25l"})
"""Controls between frames that leave the cursor where it is."""
_SEEN_ON_BLANKS: Final = frozenset({"4", "9", "21", "51", "52", "53"})
"""Attributes that show where there is no character: lines below, through, over and around it."""
_REVERSED: Final = "7"
_OFF: Final = {
    "1": "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "21": "24",
    "5": "25",
    "6": "25",
    "7": "27",
    "8": "28",
    "9": "29",
    "51": "54",
    "52": "54",
    "53": "55",
}
"""What takes an attribute back (ECMA-48 8.3.117)."""

_ASCII: Final = str.maketrans(
    {
        **dict.fromkeys("─━═╌", "-"),
        **dict.fromkeys("│┃║▌▐", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+"),
        **dict.fromkeys("●✔", "*"),
        **dict.fromkeys("◐◑", "~"),
        **dict.fromkeys("▸▶→", ">"),
        **dict.fromkeys("◂←", "<"),
        "✖": "x",
        "▲": "^",
        "▼": "v",
        "↑": "^",
        "↓": "v",
        "○": "o",
        "…": "~",
        "·": ".",
        "⏎": "CR",
        "◆": "+",
        "█": "#",
        "░": ".",
        **dict(zip("▁▂▃▄▅▆▇", "_.-=+*%", strict=True)),
        "▔": "-",
        "–": "-",
        "—": "-",
        "’": "'",
        "‹": "<",
        "›": ">",
    }
)

_UPPER: Final = 0b00011011
"""Bits of a braille cell's upper four dots."""


def _ascii_braille(bits: int) -> str:
    """Where in the cell its dots are, as well as one character can say it."""
    if not bits:
        return " "
    return ":" if bits & _UPPER and bits & ~_UPPER else "'" if bits & _UPPER else "."


_ASCII.update({0x2800 + bits: _ascii_braille(bits) for bits in range(256)})

_Cell = tuple[str, str]
"""(character, SGR parameters that show on it)."""


class ShadowScreen:
    """Turns full frames into differences.

    :meth:`reduce` takes what Textual writes (cursor moves, colours, text; UTF-8 text without controls) and
    returns what must reach the terminal. Lines holding characters that are not exactly one cell wide are
    always written whole: terminals disagree about them, and half of a wide character can't be overwritten.
    """

    def __init__(self, *, unicode: bool = True) -> None:
        self._unicode = unicode
        self._lines: dict[int, list[_Cell | None]] = {}
        self._pen: str | None = None
        """SGR parameters in force at the terminal; None: unknown."""
        self._cursor = (0, 0)
        """(row, column) of the terminal's cursor; row 0: unknown. Behind a line's last cell it may stand on
        that cell still, and nothing but a leap to a column is sure."""

    def forget(self) -> None:
        """Know nothing: after a resize, or when something else wrote to the terminal."""
        self._lines.clear()
        self._pen = None
        self._cursor = (0, 0)

    def reduce(self, data: str) -> str:
        if "\x1b" not in data:
            return data if self._unicode else _to_ascii(data)
        if _RESETS.search(data):
            self.forget()
        out: list[str] = []
        row = column = 0
        style = ""
        moved = False
        """Whether a cursor move was asked for and not yet passed on."""
        for token in _TOKEN.finditer(data):
            kind = token.lastgroup
            if kind == "column":
                row, column, moved = int(token["row"]), int(token["column"]), True
            elif kind == "sgr":
                style = "" if token["sgr"] in ("", "0") else token["sgr"]
            elif kind == "text":
                text = token["text"] if self._unicode else _to_ascii(token["text"])
                if row:
                    column = self._write(out, row=row, column=column, text=text, style=style)
                else:  # before any cursor move: not part of a frame
                    out.append(text)
                    self.forget()
            elif kind == "control":
                out.append(token["control"])
                if token["control"] not in _STAYS:
                    self._cursor = (0, 0)
        if moved:
            out.append(f"\x1b[{row};{column}H")
            self._cursor = (row, column)
        return "".join(out)

    def _write(self, out: list[str], *, row: int, column: int, text: str, style: str) -> int:
        """Emit the part of one run that differs; returns the column after it."""
        if not _all_narrow(text):
            self._lines[row] = []
            out.append(f"\x1b[{row};{column}H{self._switch(style)}{text}")
            self._cursor = (0, 0)
            return column + sum(cells(character) for character in text)
        line = self._lines.setdefault(row, [])
        end = column + len(text)
        if len(line) < end:
            line.extend([None] * (end - len(line)))
        blank = _on_blank(style)
        wanted: list[_Cell | None] = [(c, blank if c == " " else style) for c in text]
        if line[column:end] == wanted:
            return end
        for first, last in _differences(line[column:end], wanted):
            out.append(self._move(row, column + first))
            piece = text[first:last]
            if self._pen is None or _on_blank(self._pen) != blank or piece.strip(" "):
                out.append(self._switch(style))
            out.append(piece)
            self._cursor = (row, column + last)
        line[column:end] = wanted
        return end

    def _move(self, row: int, column: int) -> str:
        """The shortest sequence that brings the cursor there."""
        at_row, at = self._cursor
        if row != at_row:
            return f"\x1b[{row};{column}H"
        ahead = column - at
        if ahead == 0:
            return ""
        if 0 < ahead <= _GAP:
            between = self._lines[row][at:column]
            if self._pen is not None and between == [(" ", _on_blank(self._pen))] * ahead:
                return " " * ahead
        if ahead == 1:
            return "\x1b[C"
        return f"\x1b[{ahead}C" if 0 < ahead < 10 else f"\x1b[{column}G"

    def _switch(self, style: str) -> str:
        """The shortest sequence that makes ``style`` the terminal's pen."""
        before, self._pen = self._pen, style
        if style == before:
            return ""
        anew = f"\x1b[0;{style}m" if style else "\x1b[m"
        if before is None:
            return anew
        changed = f"\x1b[{_change(before, style)}m"
        return changed if len(changed) < len(anew) else anew


def _differences(old: list[_Cell | None], new: list[_Cell | None]) -> list[tuple[int, int]]:
    """Half-open spans in which the two differ, near ones joined."""
    spans: list[tuple[int, int]] = []
    for index, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        if spans and index - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], index + 1)
        else:
            spans.append((index, index + 1))
    return spans


@lru_cache(maxsize=1024)
def _change(before: str, after: str) -> str:
    """The SGR parameters that lead from one style to another."""
    (had, *old), (has, *new) = _parts(before), _parts(after)
    taken = {_OFF[one] for one in had - has}
    codes = sorted(taken)
    codes += sorted(one for one in has if one not in had or _OFF[one] in taken)
    codes += [
        colour or usual for was, colour, usual in zip(old, new, ("39", "49"), strict=True) if was != colour
    ]
    return ";".join(codes)


@lru_cache(maxsize=1024)
def _on_blank(style: str) -> str:
    """What of a style is seen on a cell without a character: mostly its background."""
    attributes, _, background = _parts(style)
    if _REVERSED in attributes:  # reversed: the foreground is seen
        return style
    return ";".join([*sorted(attributes & _SEEN_ON_BLANKS), *filter(None, [background])])


@lru_cache(maxsize=1024)
def _parts(sgr: str) -> tuple[frozenset[str], str | None, str | None]:
    """(attributes, foreground, background) of SGR parameters (ECMA-48 8.3.117, ISO 8613-6 colours)."""
    attributes: set[str] = set()
    foreground = background = None
    codes = sgr.split(";") if sgr else []
    index = 0
    while index < len(codes):
        code = codes[index]
        taken = 1
        if code in ("38", "48"):
            taken = 3 if codes[index + 1 : index + 2] == ["5"] else 5
        value = ";".join(codes[index : index + taken])
        number = int(code or 0)
        if number == 38 or 30 <= number <= 37 or number == 39 or 90 <= number <= 97:
            foreground = value
        elif number == 48 or 40 <= number <= 47 or number == 49 or 100 <= number <= 107:
            background = value
        else:
            attributes.add(value)
        index += taken
    return (frozenset(attributes), foreground, background)


@lru_cache(maxsize=8192)
def _all_narrow(text: str) -> bool:
    return (text.isascii() and text.isprintable()) or all(cells(character) == 1 for character in text)


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text
    text = text.translate(_ASCII)
    return "".join(c if c.isascii() else "?" * cells(c) for c in text)
