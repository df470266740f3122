"""What the terminal says it can."""

from __future__ import annotations

import os
from collections.abc import Iterator

from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn

SMALLEST = (80, 24)


def _examine(around: Surroundings) -> Iterator[Finding]:
    term, colours = around.environ.get("TERM", ""), around.environ.get("COLORTERM", "")
    said = f"TERM={term or 'unset'}, COLORTERM={colours or 'unset'}"
    if term in ("", "dumb"):
        yield warn(
            f"{said}: this terminal can't place text, so the console does not start here.",
            "Set TERM to what it is, for example xterm-256color.",
        )
    else:
        yield ok(said)
    size = _size()
    if size is not None and (size[0] < SMALLEST[0] or size[1] < SMALLEST[1]):
        yield warn(f"The terminal has {size[0]}×{size[1]} cells; the console needs 80×24.", "Make it larger.")


def _size() -> tuple[int, int] | None:
    for stream in (1, 2, 0):
        try:
            found = os.get_terminal_size(stream)
        except OSError:
            continue
        return found.columns, found.lines
    return None


CHECK = Check(title="Terminal", examine=_examine)
