"""The clock that leases are counted on."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> int:
    """Milliseconds on a clock that can't be set, and runs on while the machine sleeps."""
    return time.clock_gettime_ns(_CLOCK) // 1_000_000
