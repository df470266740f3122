"""Users' patterns over clusters' hostile text, in linear time (RE2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import re2

from backend.fleet.row import Row

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_MEMORY = 64 << 20
"""Bytes an automaton may take before a pattern is refused as too complex."""


class PatternError(ValueError):
    """RE2 does not take this pattern; the text says why."""


class Matcher:
    """One compiled pattern; ``matches`` looks at UTF-8 bytes.

    Letters match in either case unless the pattern holds a capital ("smart case"): ``crash`` finds
    CrashLoopBackOff, ``Crash`` does not find ``crash-test``.
    """

    __slots__ = ("_set", "case_sensitive", "match", "pattern")

    def __init__(self, pattern: str) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        self.case_sensitive = any(letter.isupper() for letter in _ESCAPED.sub("", pattern))
        options.case_sensitive = self.case_sensitive
        self.pattern = pattern
        # A set of one: it only tells whether there is a match, in half the time of a search for where.
        self._set = re2.Set.SearchSet(options)
        try:
            # Set.Add does not say what is wrong with a pattern, compile does.
            re2.compile(pattern, options)
            self._set.Add(pattern)
            self._set.Compile()
        except re2.error as error:
            reason = error.args[0] if error.args else "it can't be compiled"
            text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
            raise PatternError(text) from None

        self.match: Callable[[bytes], object] = self._set.Match
        """What :meth:`matches` calls; true where there is a match. For those who ask a million times."""

    def matches(self, text: bytes) -> bool:
        return bool(self._set.Match(text))

    def among(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that match: 100,000 are asked between two frames, so nothing else is in here."""
        match = self._set.Match
        return [row for row in rows if match(row._hay or row.hay)]


@lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> Matcher:
    """The matcher of a pattern. Raises PatternError."""
    return Matcher(pattern)


class RowFilter:
    """Which rows are shown: a pattern that must be found, one that must not, problems only."""

    __slots__ = ("_match", "_not_match", "problems_only")

    def __init__(self, *, match: str = "", not_match: str = "", problems_only: bool = False) -> None:
        """Raises PatternError."""
        self._match = compile_pattern(match) if match else None
        self._not_match = compile_pattern(not_match) if not_match else None
        self.problems_only = problems_only

    @property
    def idle(self) -> bool:
        """Whether every row passes."""
        return self._match is None and self._not_match is None and not self.problems_only

    def passes(self, row: Row) -> bool:
        if self.problems_only and not row.health.problem:
            return False
        if self._match is not None and not self._match.matches(row.hay):
            return False
        return self._not_match is None or not self._not_match.matches(row.hay)

    def step(self, old: Row | None, new: Row | None) -> tuple[Row | None, Row | None]:
        """A change as it looks to who sees only the rows that pass."""
        return (
            old if old is not None and self.passes(old) else None,
            new if new is not None and self.passes(new) else None,
        )

    def keep(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that pass, in their order."""
        found = list(rows)
        if self._match is not None:
            found = self._match.among(found)
        if self._not_match is not None:
            unwanted = self._not_match.matches
            found = [row for row in found if not unwanted(row.hay)]
        return [row for row in found if row.health.problem] if self.problems_only else found
