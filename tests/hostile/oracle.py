"""What may not reach a reader, told by Unicode's own tables and not by the program's."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {chr(c) for c in range(0xFE00, 0xFE10)}
"""Takes no ink although its category is that of letters and marks."""
_TOWER = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]{3,}")

_SEQUENCE = re.compile(
    rb"\x1b\[[0-9;:]*[mHKJABCDGXdr]"  # colours, the cursor, erasing
    rb"|\x1b\[[?<>=][0-9;]*[hlumnc]|\x1b\[\?[0-9;]*\$p"  # modes, keyboard protocol, questions
    rb"|\x1b\[[0-9;]*[ntqc]|\x1b\[ q|\x1b\[[0-9]* q"  # reports, the cursor's shape
    rb"|\x1b[78=>]|\x1b\(B"  # cursor kept, keypad, ASCII
    rb"|\x1b\]22;default\x07"  # Textual: the mouse pointer's usual shape
)
"""What Textual and our driver write; of the string kind (OSC, DCS, APC, PM, SOS) one literal is."""


def wrong_in(text: str, *, lines: bool = True) -> list[str]:
    """Every character that must not be there, as ``U+XXXX NAME``; ``lines``: line feeds are ours."""
    found = {c for c in set(text) if _forbidden(c) and not (lines and c == "\n")}
    return [f"U+{ord(c):04X} {unicodedata.name(c, '')}" for c in sorted(found)] + ["tower"] * bool(
        _TOWER.search(text)
    )


def _forbidden(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        or character in _UNSEEN
        or 0xE0000 <= ord(character) <= 0xE0FFF
    )


def wrong_on_the_wire(raw: bytes) -> list[str]:
    """What a terminal was sent beside text and our own sequences."""
    left = _SEQUENCE.sub(b"", raw)
    text = left.decode("utf-8", "replace").replace("\r", "")
    return wrong_in(text)
