"""How wide text is on a terminal, in cells; and cutting it to a width."""

from __future__ import annotations

import re
from functools import lru_cache

from backend.text.safe import ELLIPSIS, SafeStr

_NARROW = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u00ff\u2013\u2014\u2018-\u201d\u2022\u2026\u2039\u203a"
    "\u2190-\u2193\u2265\u2500-\u25fc\u2713-\u2718\u2800-\u28ff]*"
).fullmatch
"""Latin-1, the glyphs of frames and states, and braille: one cell each, known without wcwidth's tables."""


@lru_cache(maxsize=4096)
def cells(text: str) -> int:
    """How many terminal cells the (safe) text takes; East Asian wide characters take two."""
    if text.isascii() or _NARROW(text):
        return len(text)
    from wcwidth import wcswidth  # its tables cost 20 ms, and most text is ASCII

    return max(0, wcswidth(text))


def fit(text: SafeStr, width: int, *, align: str = "left") -> SafeStr:
    """Pad or cut to exactly ``width`` cells; a cut ends in ``…``. ``align``: left or right."""
    if width <= 0:
        return SafeStr("")
    taken = cells(text)
    if taken > width:
        text = SafeStr(_cut(text, width - 1) + ELLIPSIS)
        taken = cells(text)
    padding = " " * (width - taken)
    return SafeStr(padding + text if align == "right" else text + padding)


def _cut(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    from wcwidth import wcwidth

    used = 0
    for index, character in enumerate(text):
        used += max(0, wcwidth(character))
        if used > width:
            return text[:index]
    return text
