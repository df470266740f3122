"""A token bucket per cluster: we never crowd an API server, nor background work a person (R3)."""

from __future__ import annotations

import asyncio

from backend.kube.clock import SYSTEM_CLOCK, Clock

RATE = 20.0
BURST = 40.0
BACKGROUND_SHARE = 0.5


class TokenBucket:
    """``rate`` tokens a second, at most ``burst`` saved up; ``take`` waits, first come first served."""

    def __init__(self, *, rate: float, burst: float, clock: Clock = SYSTEM_CLOCK) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._filled_at = clock.now()
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        async with self._turn:
            self._fill()
            if self._tokens < 1:
                await self._clock.sleep((1 - self._tokens) / self._rate)
                self._fill()
            self._tokens -= 1

    def _fill(self) -> None:
        now = self._clock.now()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now


class RequestRate:
    """The bucket of one cluster: 20 requests a second, 40 at once; background calls get half at most."""

    def __init__(self, *, rate: float = RATE, burst: float = BURST, clock: Clock = SYSTEM_CLOCK) -> None:
        self._all = TokenBucket(rate=rate, burst=burst, clock=clock)
        self._background = TokenBucket(
            rate=rate * BACKGROUND_SHARE, burst=burst * BACKGROUND_SHARE, clock=clock
        )

    async def take(self, *, background: bool) -> None:
        if background:
            await self._background.take()
        await self._all.take()
