"""How fast work in the background may go, so that clients keep most of the machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

# While clients are active, background work is under way for this part of the time.
SHARE = 0.3
# What one step moves, in bytes: little beside clients, who wait behind it; much while nobody is there.
_SMALL, _LARGE = 64 * 1024, 1024 * 1024
# However slow a step was, the next one follows after so many seconds: a rebuild never stands still.
_LONGEST_REST = 1.0


class Step:
    """One step: it may move `most` bytes, and says how many it `moved`."""

    __slots__ = ("most", "moved")

    def __init__(self, most: int) -> None:
        self.most, self.moved = most, 0


class Pace:
    """Shared by all background work of a volume; whoever asks first goes first.

    `limit` is in bytes a second, 0 for none. `share` is the part of the time, above 0 and at most 1, that
    all of them together may take while clients are active; `asked` counts what clients asked for.
    """

    def __init__(self, asked: Callable[[], int], *, limit: int = 0, share: float = SHARE) -> None:
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._workers = 0
        self._crowded = True
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
    async def step(self, *, beside: asyncio.Lock) -> AsyncIterator[Step]:
        """Around one step: waits for its turn, and rests afterwards if clients came meanwhile.

        `beside` is held during the step alone.
        """
        await self._turn()
        async with beside:
            step = Step(_SMALL if self._crowded and self.share < 1 else _LARGE)
            began, before = self._loop.time(), self._asked()
            yield step
            took = self._loop.time() - began
        self._crowded = self._asked() != before
        if self.limit:
            self._free_at = max(self._free_at, began) + step.moved / self.limit
        if self._crowded:
            await asyncio.sleep(min(took * (max(self._workers, 1) / self.share - 1), _LONGEST_REST))

    @property
    def piece(self) -> int:
        """How many bytes to move at once where nobody waits behind them: a limit is kept smoothly."""
        if not self.limit:
            return _LARGE
        return min(_LARGE, max(_SMALL, self.limit // 4 // _SMALL * _SMALL))

    async def admit(self, size: int) -> None:
        """Wait until the limit allows to move so many bytes, in work during which nobody is served."""
        await self._turn()
        if self.limit:
            self._free_at = max(self._free_at, self._loop.time()) + size / self.limit

    async def _turn(self) -> None:
        """Wait until the limit allows a step; one that is changed meanwhile is not slept through."""
        while self.limit and (left := self._free_at - self._loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
