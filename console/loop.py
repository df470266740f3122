"""The console's event loop: what a person waits for goes before what clusters send.

asyncio serves in the order of arrival. A key passes some ten queues before its frame is written (terminal,
application, widget, screen, timer, compositor), and at each it would stand behind everything that a hundred
watches have just received. Here what gives way (``backend.courtesy``) stands in a queue of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TypeVarTuple

from backend.courtesy import GIVES_WAY

_Ts = TypeVarTuple("_Ts")
BUDGET = 0.008
"""Seconds of work that gives way in one turn of the loop; then sockets, timers and keys are looked at."""
PATIENCE = 0.03
"""Seconds it waits at most while something urgent follows upon another; then it has its budget all the same:
a person who holds a key down must not stop the watches."""


class CourteousLoop(asyncio.SelectorEventLoop):
    """Callbacks whose context gives way run in their order, in pieces, whenever nothing urgent waits.

    What is urgent is never delayed longer than by the piece that runs. Sockets are read as ever: that is
    little work, and what comes of it is done by tasks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._behind: deque[asyncio.Handle] = deque()
        self._called = False
        """Whether ``_work_off`` stands in the loop's own queue."""
        self._pressing = False
        """Whether anything urgent was queued since ``_work_off`` last ran."""
        self._served = 0.0
        """When work that gives way last had its turn, or began to wait."""

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        context = copy_context() if context is None else context
        if not context.get(GIVES_WAY, False):
            self._pressing = True
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        self._behind.append(handle)
        if not self._called:
            self._served = self.time()
            self._call()
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Other threads bring keys, and what was worked out for somebody: one callback, soon over."""
        self._pressing = True
        return super().call_soon_threadsafe(callback, *args, context=context)

    def _call(self) -> None:
        self._called = True
        super().call_soon(self._work_off)

    def _work_off(self) -> None:
        began = self.time()
        patient = began - self._served < PATIENCE
        try:
            while self._behind and not (self._pressing and patient):
                handle = self._behind.popleft()
                if not handle.cancelled():
                    handle._run()
                self._served = self.time()
                if self._served - began >= BUDGET:
                    break
        finally:
            self._pressing = self._called = False
            if self._behind:
                self._call()

    def close(self) -> None:
        super().close()
        self._behind.clear()
