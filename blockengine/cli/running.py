"""How the processes in a volume's data path run: on uvloop, and keeping the memory that payloads used."""

from __future__ import annotations

import ctypes
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT, _OWN_MAPPING = 32 << 20, 16 << 20


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run until it ends; its result."""
    # Imported here: commands that serve nothing start without it.
    import uvloop

    _keep_memory()
    return uvloop.run(work)


def _keep_memory() -> None:
    """Keep what was freed: payloads of 128 KiB come and go.

    glibc would give each one's memory back and take it anew, page by page, which costs more than
    everything else that is done for a request. Other C libraries decide for themselves.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_TRIM_THRESHOLD, _KEPT)
        tune(_MMAP_THRESHOLD, _OWN_MAPPING)
