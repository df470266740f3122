"""Which lines of a block are wanted: a pattern, one that must not be there, problems only (RE2)."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import re2

from backend.fleet.filter import compile_pattern
from backend.observe.logs.block import Block, Level
from backend.observe.logs.line_groups import line_groups

_MEMORY = 64 << 20
_DENSE = 0.2
"""Share of lines that match above which each line is asked by itself: that is quicker then."""
_TASTED = 128
"""Lines after which it is decided."""


class LinePattern:
    """A pattern over whole blocks of lines. Raises PatternError.

    A plain word is looked for as such. Few matches of a pattern are found by searching the whole text; many,
    by asking about eight lines at a time, or line after line: each is several times quicker than the other
    where it is used.

    ``name=value`` finds that field of JSON lines, too: so they are shown.
    """

    __slots__ = ("_also", "_by_line", "_dense", "_fold", "_groups", "_plain", "_search", "pattern")

    def __init__(self, pattern: str) -> None:
        matcher = compile_pattern(pattern)  # says what is wrong with it, and decides about capitals
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        options.never_nl = True
        options.case_sensitive = matcher.case_sensitive
        self.pattern = pattern
        self._by_line: Callable[[bytes], object] = matcher.match
        self._plain = pattern.encode() if pattern.isascii() and not _SPECIAL.search(pattern) else None
        self._dense = False
        """Many lines of the latest block matched: the next one is likely to be like it."""
        self._fold = not matcher.case_sensitive
        self._groups = (
            None
            if self._plain
            else line_groups(pattern, case_sensitive=matcher.case_sensitive, by_line=matcher.match)
        )
        # \A, \z and friends mean the line's ends, which only a line by itself has.
        self._search = None if "\\A" in pattern or "\\z" in pattern else _compiled(pattern, options)
        field = _FIELD.fullmatch(pattern)
        self._also = LinePattern(_in_json(field[1], field[2])) if field else None

    def matches(self, line: bytes) -> bool:
        return bool(self._by_line(line)) or (self._also is not None and self._also.matches(line))

    def spans(self, line: bytes) -> list[tuple[int, int]]:
        """Where it is found in a line, for showing."""
        if self._search is None:
            return []
        found = [match.span() for match in self._search.finditer(line)]
        return [(start, end) for start, end in found if end > start]

    def lines(self, block: Block, count: int) -> list[int]:
        """Places of the first ``count`` lines that match, rising."""
        found = self._lines(block, count)
        if self._also is not None and _JSON in block.text:
            return sorted({*found, *self._also.lines(block, count)})
        return found

    def _lines(self, block: Block, count: int) -> list[int]:
        text = block.text
        if self._plain is not None:
            return self._with_word(text.lower() if self._fold else text, self._plain, count)
        return self._searched(text, block.ends, count)

    @staticmethod
    def _with_word(text: bytes, word: bytes, count: int) -> list[int]:
        if word not in text:
            return []
        return [at for at, line in enumerate(text.split(b"\n")[:count]) if word in line]

    def _searched(self, text: bytes, ends: Sequence[int], count: int) -> list[int]:
        in_whole = self._search is not None and not self._dense
        found, asked = self._sparse(text, ends, count) if in_whole else ([], 0)
        if asked < count:
            groups = self._groups
            found += groups.lines(text, ends, asked, count) if groups else self._each(text, asked, count)
        self._dense = len(found) > count * _DENSE
        return found

    def _sparse(self, text: bytes, ends: Sequence[int], count: int) -> tuple[list[int], int]:
        """What matches, and how many lines were looked at: not all when too many match for this way."""
        assert self._search is not None
        search = self._search.search
        found: list[int] = []
        at = line = 0
        limit = ends[count - 1] if count else 0
        while at < limit:
            match = search(text, at)
            if match is None:
                break
            line = bisect_right(ends, match.start(), line)
            if line >= count:
                break
            found.append(line)
            at = ends[line]
            line += 1
            if line >= _TASTED and len(found) > line * _DENSE:
                return found, line
        return found, count

    def _each(self, text: bytes, start: int, count: int) -> list[int]:
        by_line = self._by_line
        return [at for at, line in enumerate(text.split(b"\n")[start:count], start) if by_line(line)]


_FIELD = re.compile(r"([A-Za-z_@][\w.@/-]*)=([^|]*)")
_JSON = b'":'
"""What a block with JSON lines holds."""


def _in_json(name: str, value: str) -> str:
    """``code=5`` or ``http.code=5`` as JSON has it: nested, or with dots in the name."""
    last = re.escape(name.rpartition(".")[2])
    return rf'"(?:[\w.@/-]+\.)?{last}":\s*"?{value}'


_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")


def _compiled(pattern: str, options: re2.Options) -> re2._Regexp | None:
    try:
        return re2.compile(f"(?m){pattern}".encode(), options)
    except re2.error:  # understood alone, but not behind a flag: one line at a time then
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """What lines must be to be shown. The empty filter lets all through."""

    match: LinePattern | None = None
    not_match: LinePattern | None = None
    problems: bool = False
    """Only warnings and worse; and our own notes, which may explain them."""
    sources: frozenset[int] | None = None
    """Only lines of these; None: of all."""

    @property
    def idle(self) -> bool:
        return self.match is None and self.not_match is None and not self.problems and self.sources is None

    def wanted(self, block: Block, count: int) -> array[int]:
        """Places of the wanted among the first ``count`` lines of a block, rising."""
        if self.match is not None:
            found = array("I", self.match.lines(block, count))
        else:
            found = array("I", range(count))
        if self.problems:
            levels = block.levels
            found = array("I", [at for at in found if levels[at] in _PROBLEMS])
        if self.sources is not None:
            sources, shown = block.sources, self.sources
            found = array("I", [at for at in found if sources[at] in shown])
        if self.not_match is not None and found:
            unwanted = set(self.not_match.lines(block, count))
            found = array("I", [at for at in found if at not in unwanted])
        return found

    def passes(self, line: bytes, *, level: int, source: int) -> bool:
        """The same of one line."""
        return (
            (not self.problems or level in _PROBLEMS)
            and (self.sources is None or source in self.sources)
            and (self.match is None or self.match.matches(line))
            and (self.not_match is None or not self.not_match.matches(line))
        )


_PROBLEMS = frozenset(level for level in Level if level.problem or level > Level.FATAL)


def line_filter(
    *, match: str = "", not_match: str = "", problems: bool = False, sources: frozenset[int] | None = None
) -> LineFilter:
    """Raises PatternError."""
    return LineFilter(
        match=LinePattern(match) if match else None,
        not_match=LinePattern(not_match) if not_match else None,
        problems=problems,
        sources=sources,
    )
