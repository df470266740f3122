"""Times and durations as kubectl shows them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

UNKNOWN = "<unknown>"


@lru_cache(maxsize=65536)
def epoch(timestamp: str | None) -> float:
    """Seconds since the epoch of an RFC 3339 time; 0.0 when it is missing or no time at all."""
    if not timestamp:
        return 0.0
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def age(timestamp: str | None, now: float) -> str:
    """How long ago that was, as kubectl's AGE; ``<unknown>`` without a time."""
    since = epoch(timestamp)
    return human_duration(now - since) if since else UNKNOWN


def human_duration(seconds: float) -> str:  # noqa: PLR0911 - a table of thresholds
    """Two or three significant figures: ``95s``, ``5m3s``, ``179m``, ``3h4m``, ``47h``, ``3d4h``, ``2y5d``.

    A clock up to two seconds behind counts as now. Source: HumanDuration of
    k8s.io/apimachinery/pkg/util/duration; its thresholds are what operators read daily.
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
