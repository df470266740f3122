"""Asks RE2 about eight lines at once: a question costs more than a line does.

A set of eight patterns is matched against eight lines in one piece; the first looks for what is wanted in the
first line, the second in the second, and so on. That is half as dear as a question for each line, and the
same answer: what could reach over a line's end is taken out of the pattern, or the pattern is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import re2

_LINES = 8
_MEMORY = 64 << 20
_OUTSIDE = {"A": "^", "z": "$", "s": r"[\t\f\r ]", "D": r"[^0-9\n]", "W": r"[^0-9A-Za-z_\n]"}
_INSIDE = {"s": r"\t\f\r "}
_PLAIN_ESCAPES = frozenset("dwbBtfrS")
_GROUPS = re.compile(r"\(\?(?::|i\)|i:|P?<\w+>)")


class LineGroups:
    """Which lines of a text match. :func:`line_groups` makes it."""

    __slots__ = ("_by_line", "_match")

    def __init__(
        self, match: Callable[[bytes], Sequence[int] | None], by_line: Callable[[bytes], object]
    ) -> None:
        self._match = match
        self._by_line = by_line

    def lines(self, text: bytes, ends: Sequence[int], start: int, count: int) -> list[int]:
        """Places of those that match, from ``start`` up to ``count``; ``ends``: where each line ends."""
        match = self._match
        found: list[int] = []
        begin = ends[start - 1] if start else 0
        for first in range(start, count, _LINES):
            last = min(first + _LINES, count)
            end = ends[last - 1]
            piece = text[begin:end]
            begin = end
            places = match(piece) if piece.isascii() else None
            if not places or _LINES not in places:  # other letters; or RE2 ran out of memory
                found += self._each(piece, first)
            elif len(places) > 1:
                found += sorted([first + place for place in places if place < last - first])
        return found

    def _each(self, piece: bytes, first: int) -> list[int]:
        by_line = self._by_line
        return [at for at, line in enumerate(piece[:-1].split(b"\n"), first) if by_line(line)]


def line_groups(
    pattern: str, *, case_sensitive: bool, by_line: Callable[[bytes], object]
) -> LineGroups | None:
    """None: this pattern can only be asked for line by line. ``by_line``: whether one line matches."""
    inner = within_line(pattern)
    if inner is None:
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.case_sensitive = case_sensitive
    options.encoding = re2.Options.Encoding.LATIN1  # only ASCII is asked about
    found = re2.Set.MatchSet(options)
    try:
        for place in range(_LINES):
            found.Add(rf"(?m)(?:[^\n]*\n){{{place}}}[^\n]*?(?:{inner})".encode())
        found.Add(b"")  # always matches: without it in an answer there was none
        found.Compile()
    except re2.error:
        return None
    return LineGroups(found.Match, by_line)


def within_line(pattern: str) -> str | None:
    """The pattern, so that it can't match a line feed; None: that would take a parser."""
    if not (pattern.isascii() and pattern.isprintable()):
        return None
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "[":
            part, at = _class(pattern, at)
        elif pattern[at] == "\\":
            part, at = _escape(pattern[at + 1 : at + 2], _OUTSIDE), at + 2
        elif pattern.startswith("(?", at):
            opened = _GROUPS.match(pattern, at)
            part, at = (opened[0], opened.end()) if opened else (None, at)
        else:
            part, at = pattern[at], at + 1
        if part is None:
            return None
        parts.append(part)
    return "".join(parts)


def _escape(letter: str, meanings: dict[str, str]) -> str | None:
    if letter in meanings:
        return meanings[letter]
    punctuation = bool(letter) and not letter.isalnum()
    return f"\\{letter}" if punctuation or letter in _PLAIN_ESCAPES else None


def _class(pattern: str, at: int) -> tuple[str | None, int]:
    """A class of characters and where the pattern goes on; None: it is none that is understood here."""
    negated = pattern.startswith("[^", at)
    parts = [r"[^\n" if negated else "["]
    at += 2 if negated else 1
    first = True
    while at < len(pattern):
        letter = pattern[at]
        if letter == "]" and not first:
            return "".join((*parts, "]")), at + 1
        if letter == "[":
            return None, at
        if letter == "\\":
            part = _escape(pattern[at + 1 : at + 2], _INSIDE)
            if part is None or pattern[at + 2 : at + 3] == "-" or (parts[-1] == "-" and not first):
                return None, at
            parts.append(part)
            at += 2
        else:
            parts.append("\\]" if letter == "]" else letter)
            at += 1
        first = False
    return None, at
