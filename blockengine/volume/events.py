"""What a controller tells: kept for whoever asks later, the newest thousand."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from blockengine.protocol.admin import Event

_KEPT = 1000


class Events:
    """Numbered from 1. Bounded, so that a controller that tells much does not grow."""

    def __init__(self) -> None:
        self._kept: deque[Event] = deque(maxlen=_KEPT)
        self._number = 0
        self._news = asyncio.Event()

    @property
    def last(self) -> str:
        """What was told last."""
        return self._kept[-1].text if self._kept else ""

    def add(self, text: str) -> None:
        """Something happened, just now."""
        self._number += 1
        self._kept.append(Event(self._number, time.time(), text))
        self._news.set()

    async def after(self, number: int, *, wait: float) -> list[Event]:
        """What came after the event with this number; waits for the first one, `wait` seconds at most."""
        loop = asyncio.get_running_loop()
        end = loop.time() + wait
        while not self._after(number) and loop.time() < end:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), end - loop.time())
            except TimeoutError:
                break
        return self._after(number)

    def _after(self, number: int) -> list[Event]:
        return [event for event in self._kept if event.number > number]
