"""A moment as a person types it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from backend.observe.logs.selection import seconds_in

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def moment_in(text: str, *, now: float) -> float:
    """``14:05``, ``14:05:30``, ``-15m`` or a whole RFC 3339 time; seconds since the epoch. ValueError."""
    if text.startswith("-"):
        return now - seconds_in(text[1:])
    found = _CLOCK.fullmatch(text)
    if found:
        here = datetime.fromtimestamp(now).astimezone()
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        try:
            moment = here.replace(hour=hour, minute=minute, second=second, microsecond=0)
        except ValueError:
            raise ValueError(f"{text} is no time of day") from None
        return (moment - timedelta(days=1) if moment > here else moment).timestamp()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no moment; try 14:05, 14:05:30, -15m") from None
    return (moment if moment.tzinfo else moment.astimezone()).timestamp()
