"""What a process holds, apart from what it is doing."""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_STATM = Path("/proc/self/statm")
_FEW, _SHARE = 2, 0.1


@dataclass(frozen=True, slots=True)
class Footprint:
    memory: int
    """Resident bytes; 0 where the system does not say."""
    descriptors: int
    tasks: int
    threads: int
    objects: Counter[str]
    """How many there are of each of our own types that the garbage collector knows."""


def footprint() -> Footprint:
    """Measure; collect garbage before."""
    pages = int(_STATM.read_text().split()[1]) if _STATM.exists() else 0
    return Footprint(
        memory=pages * os.sysconf("SC_PAGE_SIZE"),
        descriptors=len(os.listdir("/dev/fd")),
        tasks=len(asyncio.all_tasks()),
        threads=threading.active_count(),
        objects=Counter(
            f"{kind.__module__}.{kind.__qualname__}"
            for kind in map(type, gc.get_objects())
            if kind.__module__.startswith(("backend.", "console."))
        ),
    )


@dataclass(frozen=True, slots=True)
class Growth:
    """From the third quarter of a run to the last one, by medians."""

    memory: float
    """Bytes."""
    descriptors: float
    tasks: float
    threads: float
    objects: dict[str, float]
    """Only types of which there are clearly more: two or a tenth is what the last screen still holds."""


def growth(seen: Sequence[Footprint]) -> Growth:
    """How much more there is at the end; the first half fills caches, pools and the allocator's arenas."""
    part = max(1, len(seen) // 4)
    before, after = seen[-2 * part : -part] or seen[:part], seen[-part:]

    def more(value: str) -> float:
        return _median(after, value) - _median(before, value)

    grown: dict[str, float] = {}
    for name in sorted({name for one in after for name in one.objects}):
        had = statistics.median(one.objects[name] for one in before)
        has = statistics.median(one.objects[name] for one in after)
        if has - had > max(_FEW, had * _SHARE):
            grown[name] = has - had
    return Growth(
        memory=more("memory"),
        descriptors=more("descriptors"),
        tasks=more("tasks"),
        threads=more("threads"),
        objects=grown,
    )


def _median(some: Sequence[Footprint], value: str) -> float:
    return statistics.median(getattr(one, value) for one in some)
