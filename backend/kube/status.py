"""The state of one cluster's feed of one kind: exactly one of a few, always shown."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from backend.text import SafeStr

_NOTHING = SafeStr("")


class State(enum.Enum):
    """What a person may believe about the rows they see.

    LIVE: the watch runs. SYNCING: the first list is under way. STALE: rows of ``last_success``, the feed is
    being re-established. AUTH: a person must log in. FORBIDDEN: no right to list this kind. UNREACHABLE: no
    connection. TOO_LARGE: more than the memory budget allows; narrow it. NOT_FOUND: the server has no such
    kind.
    """

    LIVE = "LIVE"
    SYNCING = "SYNCING"
    STALE = "STALE"
    AUTH = "AUTH"
    FORBIDDEN = "FORBIDDEN"
    UNREACHABLE = "UNREACHABLE"
    TOO_LARGE = "TOO-LARGE"
    NOT_FOUND = "NOT-FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One state and the facts beside it. Times are seconds since the epoch (``time.time()``)."""

    state: State
    since: float
    detail: SafeStr = _NOTHING
    """What happened, in one sentence; safe to show."""
    advice: SafeStr = _NOTHING
    """The next step, where an error named one."""
    more: SafeStr = _NOTHING
    """What else is known of the error, in lines: a plugin's last words, the server's answer."""
    covers: SafeStr = _NOTHING
    """How much of what was asked these rows are, where that is not all: "2 of 3 namespaces"."""
    progress: float | None = None
    """Of a list under way: 0 to 1; None: not known."""
    last_success: float | None = None
    """When the server last said something true: an answer, an event, a bookmark."""
    skipped: int = 0
    """Objects of the current table that could not be understood and are not shown."""
