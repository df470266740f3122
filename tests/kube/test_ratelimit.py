from __future__ import annotations

import asyncio

from backend.kube.ratelimit import RequestRate
from tests.kube.simulation import LoopClock, simulate


def test_a_burst_passes_and_the_rest_keeps_the_pace() -> None:
    async def scenario() -> None:
        rate = RequestRate(rate=20, burst=40, clock=LoopClock())
        loop = asyncio.get_running_loop()
        for _ in range(40):
            await rate.take(background=False)
        assert loop.time() == 0
        for _ in range(20):
            await rate.take(background=False)
        assert 0.99 <= loop.time() <= 1.01

    simulate(scenario())


def test_background_calls_leave_half_to_the_person() -> None:
    """Rule 3: with hundreds of background calls queued, an interactive one still passes at once."""

    async def scenario() -> None:
        rate = RequestRate(rate=20, burst=40, clock=LoopClock())
        loop = asyncio.get_running_loop()
        queued = [asyncio.create_task(rate.take(background=True)) for _ in range(200)]
        await asyncio.sleep(5)
        assert sum(task.done() for task in queued) <= 20 + 5 * 10 + 1
        before = loop.time()
        for _ in range(20):
            await rate.take(background=False)
        assert loop.time() == before
        for task in queued:
            task.cancel()
        await asyncio.gather(*queued, return_exceptions=True)

    simulate(scenario())
