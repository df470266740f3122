"""What a person made of the Logs screen of one selection, kept for when they come back to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from backend.observe.logs.block import Entry
from backend.observe.logs.selection import LogSelection
from backend.observe.logs.sources import Source
from backend.observe.logs.spool import Spool
from console.widgets.log_lines import Clock

_LOOKED_AT = 2000
"""Lines of about a bookmark's time among which its line is looked for."""
_KEPT = 50
"""Selections; the one that was left longest ago is forgotten first."""

Mark = tuple[int, tuple[str, str, str], int]
"""(time, source, hash of the text): a line, by which it is known again when it is read again."""


@dataclass(slots=True, kw_only=True)
class KeptLook:
    """Of one selection; it holds no text of any line."""

    clock: Clock = Clock.LOCAL
    labels: bool = True
    laid_out: bool = True
    wrapping: bool = False
    columns: tuple[str, ...] = ()
    marks: set[Mark] = field(default_factory=set)


class KeptLooks:
    """For as long as the console is open."""

    def __init__(self) -> None:
        self._looks: dict[LogSelection, KeptLook] = {}

    def of(self, selection: LogSelection) -> KeptLook | None:
        return self._looks.get(_without_filter(selection))

    def keep(self, selection: LogSelection, look: KeptLook) -> None:
        place = _without_filter(selection)
        self._looks.pop(place, None)
        self._looks[place] = look
        while len(self._looks) > _KEPT:
            del self._looks[next(iter(self._looks))]


def _without_filter(selection: LogSelection) -> LogSelection:
    return replace(selection, match="", not_match="")


def mark_of(entry: Entry, source: Source) -> Mark:
    return (entry.time, source.key, hash(entry.text))


def find_marks(spool: Spool, marks: set[Mark], sources: list[Source]) -> dict[int, Mark]:
    """In a thread: the marked lines that are here again, by their numbers."""
    found: dict[int, Mark] = {}
    for mark in marks:
        start = spool.line_at(mark[0])
        for number, entry in enumerate(spool.read(start, start + _LOOKED_AT), start):
            if entry.time == mark[0] and mark_of(entry, sources[entry.source]) == mark:
                found[number] = mark
                break
    return found
