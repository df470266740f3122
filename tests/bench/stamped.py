"""A terminal that notes when bytes came while it still works out those before them.

A real terminal reads at once and draws in C. Ours takes some 10 ms for a frame in which many rows changed:
what came meanwhile would seem so much later.
"""

from __future__ import annotations

import os
import queue
import select
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from tests.terminal import Terminal

_READ = 65536
_LOOK = 0.05
_TURNS = 0.0005
"""Seconds that a thread may compute before the other has its turn: how exact a time is."""


class StampedTerminal(Terminal):
    """Its bytes are read by a thread of their own; a context manager, too."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, size: tuple[int, int]
    ) -> None:
        super().__init__(command, environment, size=size)
        self._come: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._turns_before = sys.getswitchinterval()

    def __enter__(self) -> StampedTerminal:
        sys.setswitchinterval(_TURNS)
        self._reader.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._reader.join()
        sys.setswitchinterval(self._turns_before)
        super().__exit__(*exc_info)

    def _read(self) -> None:
        while not self._over.is_set():
            if not select.select([self.fd], [], [], _LOOK)[0]:
                continue
            try:
                data = os.read(self.fd, _READ)
            except OSError:  # Linux: nobody has the other end any more
                data = b""
            self._come.put((time.monotonic(), data))
            if not data:
                return

    def pump(self, seconds: float = _LOOK) -> bool:
        try:
            read_at, data = self._come.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return True
        if data:
            self.take(data, read_at)
        return bool(data)
