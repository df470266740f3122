"""How fast work in the background may go, so that clients keep most of the machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

# While clients are active, background work is under way for this part of the time.
SHARE = 0.3
_LONGEST_REST = 3.0


class Pace:
    """Shared by all background work of a volume; whoever asks first goes first.

    `limit` is in bytes a second, 0 for none. `share` is the part of the time, above 0 and at most 1, that
    all of them together may take while clients are active; `asked` counts what clients asked for.
    """

    def __init__(self, asked: Callable[[], int], *, limit: int = 0, share: float = SHARE) -> None:
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._workers = self._seen = 0
        self.set(limit=limit, share=share)

    def set(self, *, limit: int, share: float) -> None:
        """Change the budget, from the next step on. Raises: ValueError."""
        if limit < 0 or not 0 < share <= 1:
            raise ValueError(f"a limit of {limit} bytes a second and a share of {share} can't be kept")
        self.limit, self.share = limit, share
        self._free_at = 0.0
        self._changed.set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Around a piece of work: those that go on at the same time divide the share."""
        self._workers += 1
        try:
            yield
        finally:
            self._workers -= 1

    @asynccontextmanager
    async def step(self, size: int, *, beside: asyncio.Lock) -> AsyncIterator[None]:
        """Around one step that moves `size` bytes: waits for its turn, and rests afterwards.

        `beside` is held during the step alone.
        """
        await self._turn(size)
        async with beside:
            began = self._loop.time()
            yield
            took = self._loop.time() - began
        before, self._seen = self._seen, self._asked()
        if self._seen != before:
            await asyncio.sleep(min(took * (max(self._workers, 1) / self.share - 1), _LONGEST_REST))

    async def _turn(self, size: int) -> None:
        if not self.limit:
            return
        start = max(self._loop.time(), self._free_at)
        self._free_at = start + size / self.limit
        # A limit that is changed meanwhile must not be slept through.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(start - self._loop.time()):
                await self._changed.wait()
