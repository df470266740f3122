"""A watch's events between the socket and the table: bounded, and never a reason to stop reading (R23)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable

MAX_EVENTS = 10_000
MAX_BYTES = 64 * 1024 * 1024


class Overflow(Exception):
    """Events came faster than they were taken; they are dropped, and only a new list can make up for them."""


class Intake:
    """Reads batches of lines as fast as they come; ``take`` gives them to the consumer one batch at a time.

    A reader that waited for its consumer would fill the socket and make the server end the watch without
    saying why; here the backlog has a size, and its end has a name.
    """

    def __init__(
        self,
        batches: AsyncIterable[list[bytes]],
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._batches = batches
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._waiting: deque[list[bytes]] = deque()
        self._events = 0
        self._bytes = 0
        self._news = asyncio.Event()
        self._end: BaseException | None = None
        self._ended = False

    async def read(self) -> None:
        """Read to the end of the stream; what ends it comes out of ``take`` after the backlog."""
        try:
            async for batch in self._batches:
                self._waiting.append(batch)
                self._events += len(batch)
                self._bytes += sum(map(len, batch))
                if self._events > self._max_events or self._bytes > self._max_bytes:
                    self._waiting.clear()
                    raise Overflow
                self._news.set()
        except Exception as error:
            self._end = error
        finally:
            self._ended = True
            self._news.set()

    async def take(self) -> list[bytes] | None:
        """The next batch; None at the stream's end. Raises what ended it otherwise, or Overflow."""
        while not self._waiting:
            if self._ended:
                if self._end is not None:
                    raise self._end
                return None
            self._news.clear()
            await self._news.wait()
        batch = self._waiting.popleft()
        self._events -= len(batch)
        self._bytes -= sum(map(len, batch))
        return batch
