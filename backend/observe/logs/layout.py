"""Whether a source writes data (JSON, logfmt) or plain lines: judged by its first lines, and by later ones.

A container may print a banner of fifty lines and then only JSON. Lines that were told keep their look:
another judgement holds from the line on at which it was made.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from backend.observe.logs.fields import document_of

_FIRST = 20
"""Lines of a source after which it is decided."""
_SAMPLED = 8
"""One line of so many is looked at after that."""
_AGAIN = {False: 20, True: 100}
"""Lines in a row that are looked at once a sample does not fit, by whether data was expected: a stack trace
among data is no reason for another look."""


@dataclass(slots=True)
class _Source:
    data: int = 0
    seen: int = 0
    now: bool = False
    unread: int = 0
    """Lines that pass until one is looked at again."""
    against: int = 0
    looked: int = 0
    doubted: bool = False
    turns: array[int] = field(default_factory=lambda: array("Q"))
    """Numbers of the lines from which on the opposite holds, each time."""


class Layouts:
    """One for all sources of a desk. :meth:`look` in one thread at a time; :meth:`data_at` in any."""

    def __init__(self) -> None:
        self._sources: dict[int, _Source] = {}

    def look(self, source: int, number: int, text: bytes) -> None:
        """A line of a source and its number; lines of one source come in their order."""
        about = self._sources.get(source)
        if about is None:
            about = self._sources[source] = _Source()
        if about.seen < _FIRST:
            about.data += document_of(text) is not None
            about.seen += 1
            about.now = 2 * about.data > about.seen
            return
        if not about.doubted:
            about.unread -= 1
            if about.unread > 0:
                return
            about.unread = _SAMPLED
            likely = b"=" in text or text.lstrip().startswith(b"{")
            if likely if about.now else not likely or document_of(text) is None:
                return  # reading it costs more than all else that is done for a line: not while it may fit
            about.doubted, about.against, about.looked = True, 0, 0
        about.looked += 1
        about.against += (document_of(text) is not None) is not about.now
        if about.looked == _AGAIN[about.now]:
            about.doubted, about.unread = False, _SAMPLED
            if 2 * about.against > about.looked:
                about.now = not about.now
                about.turns.append(number + 1)

    def data_at(self, source: int, number: int) -> bool:
        """Whether most lines around this one are data."""
        about = self._sources.get(source)
        if about is None:
            return False
        later = len(about.turns) - bisect_right(about.turns, number)
        return about.now if later % 2 == 0 else not about.now
