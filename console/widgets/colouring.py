"""A little colour for what is read: YAML and descriptions, line by line."""

from __future__ import annotations

import re

from backend.resources.kind import Health
from backend.text import SafeStr
from console.theme import Tone
from console.widgets.paint import Line, Piece

# A key ends at its first colon and holds no wide gap: cells of a table hold colons, too, after their gaps.
_KEY = re.compile(r"^(\s*(?:- )*)([^\s:#'\"](?:[^\s:]| (?! ))*:)(\s+|$)")
_HEADING = re.compile(r"[A-Z][A-Za-z ]*$")
_WARNED = re.compile(r"^(\s*\S+\s+(?:\d+\s+)?)(Warning)(?=\s)")
_HEALTH = "Health:"
_STATES = {health.value: Tone(health.value) for health in Health}


def coloured(text: SafeStr) -> Line:
    """One line of YAML or of a description.

    Its key stands out, a masked value is dim; a verdict and the type of a warning have their state's colour.
    """
    if found := _KEY.match(text):
        return (
            Piece(SafeStr(found[1])),
            Piece(SafeStr(found[2]), Tone.ACCENT),
            Piece(SafeStr(found[3])),
            *_value(SafeStr(text[found.end() :]), found[2]),
        )
    if found := _WARNED.match(text):
        return (
            Piece(SafeStr(found[1])),
            Piece(SafeStr(found[2]), Tone.WARNING),
            Piece(SafeStr(text[found.end() :])),
        )
    return (Piece(text, Tone.STRONG if _HEADING.match(text) else Tone.TEXT),)


def _value(text: SafeStr, key: str) -> Line:
    if key == _HEALTH:
        state, colon, why = text.partition(":")
        return (
            Piece(SafeStr(state), _STATES.get(state, Tone.TEXT)),
            Piece(SafeStr(colon + why)),
        )
    return (Piece(text, Tone.MASKED if "‹masked" in text else Tone.TEXT),)
