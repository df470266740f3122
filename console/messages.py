"""What the console said, kept so that it can be read again: a bounded memory, in memory only."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from backend.text import SafeStr, safe_text
from console.theme import Tone
from console.widgets.paint import Line

MOST = 300
"""Different messages kept; the ones not said for the longest are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One sentence, and how often it was said."""

    number: int
    """Counts all that was said; the latest saying of this one."""
    text: SafeStr
    tone: Tone
    first: float
    """Seconds since the epoch."""
    last: float
    count: int = 1
    detail: tuple[Line, ...] = ()
    """Of an error: what else is known. Lines, not the error: its traceback would keep whole answers alive."""


class Messages:
    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Tone, str], Message] = OrderedDict()
        self.said = 0
        """How often anything was said; changes with every message."""

    def note(self, text: object, tone: Tone, *, now: float, detail: tuple[Line, ...] = ()) -> None:
        """Keep what was said; the same sentence again only counts."""
        self.said += 1
        safe = safe_text(text)
        known = self._kept.pop((tone, safe), None)
        if known is None:
            known = Message(
                number=self.said, text=safe, tone=tone, first=now, last=now, count=0, detail=detail
            )
        self._kept[tone, safe] = replace(
            known, number=self.said, last=now, count=known.count + 1, detail=detail or known.detail
        )
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def all(self) -> list[Message]:
        """The newest last."""
        return list(self._kept.values())

    def forget(self) -> None:
        self._kept.clear()
        self.said += 1
