"""What decoded objects weigh in memory, told from a few of them: weighing costs more than decoding."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from typing import Any

import msgspec

SAMPLES = 8
"""Objects of a page that are weighed: half a millisecond."""
KEPT_BESIDE = 600
"""Bytes that are kept for each object beside itself: its row, its keys, the text that filters look at."""


def weigh(value: Any) -> int:
    """Bytes of a decoded value and all that it holds.

    What Python and the decoder keep once is free: nothing, small numbers, members of enums, names of fields.
    """
    if not value or isinstance(value, (bool, Enum)):
        return 0
    size = sys.getsizeof(value)
    if isinstance(value, msgspec.Struct):
        return size + sum(weigh(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, dict):
        return size + sum(map(weigh, value.values()))
    if isinstance(value, (list, tuple, frozenset, set)):
        return size + sum(map(weigh, value))
    return size


class Scales:
    """How much one object of a kind weighs on average, as far as some of them have told."""

    def __init__(self) -> None:
        self._weighed = self._bytes = 0

    def add(self, items: Sequence[Any]) -> None:
        """Weigh some of these."""
        for item in items[:: max(1, len(items) // SAMPLES)]:
            self._bytes += weigh(item) + KEPT_BESIDE
            self._weighed += 1

    def estimate(self, count: int) -> int:
        """Bytes of so many objects."""
        return count * self._bytes // self._weighed if self._weighed else 0
