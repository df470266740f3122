"""What a process holds, apart from what it is doing."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from textual.screen import Screen

from backend.fleet.fleet import Fleet

_STATM = Path("/proc/self/statm")
_MALLINFO = [
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost",
]


@dataclass(frozen=True, slots=True)
class Footprint:
    restarts: int
    """Stops and starts of servers until then."""
    memory: int
    """Resident bytes after malloc gave back what it can; 0 where the system does not say."""
    blocks: int
    """Blocks of memory that Python objects have: no allocator's habits in it."""
    heap: int
    """Bytes handed out by malloc, to Python's larger objects and to C libraries; 0 where glibc does not
    say."""
    descriptors: int
    tasks: int
    threads: int
    objects: Counter[str]
    """How many there are of each of our own types that the garbage collector knows."""


def footprint(*, restarts: int) -> Footprint:
    """Measure; collect garbage before."""
    objects = Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in map(type, gc.get_objects())
        if kind.__module__.startswith(("backend.", "console."))
    )
    heap = _heap()
    pages = int(_STATM.read_text().split()[1]) if _STATM.exists() else 0
    return Footprint(
        restarts=restarts,
        memory=pages * os.sysconf("SC_PAGE_SIZE"),
        blocks=sys.getallocatedblocks(),
        heap=heap,
        descriptors=len(os.listdir("/dev/fd")),
        tasks=len(asyncio.all_tasks()),
        threads=threading.active_count(),
        objects=objects,
    )


def left_over(shown: set[int]) -> list[str]:
    """Fleets, and screens but those of the stack (``shown``, by ``id``): what must be gone at a rest."""
    return [
        type(one).__name__
        for one in gc.get_objects()
        if isinstance(one, Fleet) or (isinstance(one, Screen) and id(one) not in shown)
    ]


class _Mallinfo(ctypes.Structure):
    """glibc's ``struct mallinfo2``."""

    _fields_ = [(name, ctypes.c_size_t) for name in _MALLINFO]


def _heap() -> int:
    """Bytes that malloc handed out (in arenas and by mmap), after it gave back what nobody has."""
    libc = ctypes.CDLL(None)
    try:
        libc.malloc_trim(0)
        libc.mallinfo2.restype = _Mallinfo
        told = libc.mallinfo2()
    except AttributeError:
        return 0
    return int(told.uordblks + told.hblkhd)
