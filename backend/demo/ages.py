"""Times as Kubernetes writes and prints them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def rfc3339(seconds: float) -> str:
    """``2026-11-21T03:04:05Z``: metav1.Time has whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def rfc3339_micro(seconds: float) -> str:
    """``…05.123456Z``: metav1.MicroTime, as leases and events.k8s.io use."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(text: str) -> float:
    """The Unix time of an RFC 3339 text; raises ValueError if it is none."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def human_duration(seconds: float) -> str:
    """The two-unit form of k8s.io/apimachinery/pkg/util/duration.HumanDuration."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 2 * MINUTE:
        return f"{whole}s"
    minutes, hours, days = whole // MINUTE, whole // HOUR, whole // DAY
    steps = (
        (minutes < 10, minutes, "m", whole % 60, "s"),
        (minutes < 180, minutes, "m", 0, ""),
        (hours < 8, hours, "h", minutes % 60, "m"),
        (hours < 48, hours, "h", 0, ""),
        (hours < 24 * 8, days, "d", hours % 24, "h"),
        (hours < 24 * 365 * 2, days, "d", 0, ""),
        (hours < 24 * 365 * 8, days // 365, "y", days % 365, "d"),
    )
    for fits, large, unit, small, small_unit in steps:
        if fits:
            return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
    return f"{days // 365}y"


def age(timestamp: str | None) -> str:
    """How long ago, or ``<unknown>``, as the printers of the server say."""
    if not timestamp:
        return "<unknown>"
    return human_duration(time.time() - seconds_of(timestamp))


_GO = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def go_duration(text: str) -> float:
    """Seconds of ``32s`` or ``1m30s``; a bare number is seconds; raises ValueError for anything else."""
    if text.isdigit():
        return float(text)
    parts = _GO.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"not a duration: {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
