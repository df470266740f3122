"""Which lines of the journal an auditor wants: by cluster, person, act, outcome and time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from backend.journal.journal import Entry, Outcome
from backend.text import safe_text

_AGO = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class BadMoment(ValueError):
    """A time that can't be understood."""

    exit_code = 2

    def __init__(self, text: str) -> None:
        self.sentence = safe_text(f"{text!r} is no time")
        self.advice = safe_text("Write 2h, 3d12h, 2026-11-21 or 2026-11-21T14:30 (local time, or with Z).")
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Empty fields mean: any. Patterns are globs; several of a kind: any of them."""

    clusters: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def passes(self, entry: Entry) -> bool:
        moment = datetime.fromisoformat(entry.time)
        return (
            _any(entry.cluster, self.clusters)
            and _any(entry.who, self.who)
            and _any(entry.act, self.acts)
            and (not self.outcomes or entry.outcome in self.outcomes)
            and (self.since is None or moment >= self.since)
            and (self.until is None or moment < self.until)
        )

    def keep(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        return (entry for entry in entries if self.passes(entry))


def moment_of(text: str, *, now: datetime | None = None) -> datetime:
    """``2h`` (so long ago), a date or a time, local unless it says otherwise. Raises BadMoment."""
    present = now or datetime.now(UTC)
    ago = _AGO.fullmatch(text.strip())
    if text.strip() and ago:
        days, hours, minutes, seconds = (int(part or 0) for part in ago.groups())
        return present - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadMoment(text) from None
    return found.astimezone(UTC)


def _any(text: str, patterns: tuple[str, ...]) -> bool:
    """A person's name means them on any host: ``dana`` is dana@jump."""
    return not patterns or any(
        fnmatchcase(text, pattern) or (text.split("@", maxsplit=1)[0] == pattern) for pattern in patterns
    )
