"""Exit codes of every command; scripts rely on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    """Something failed; partial results were printed, the failing clusters named on stderr."""
    USAGE = 2
    LOCKED = 3
    REFUSED = 4
    """Refused for safety."""
    NOTHING = 5
    """Nothing matched."""
