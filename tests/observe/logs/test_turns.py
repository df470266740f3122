from __future__ import annotations

import asyncio

from backend.observe.logs.turns import Turns


async def test_of_many_who_wake_at_once_one_works_in_a_turn_of_the_loop() -> None:
    turns, worked, seen = Turns(), 0, []

    async def work() -> None:
        nonlocal worked
        await turns.mine()
        worked += 1

    tasks = [asyncio.create_task(work()) for _ in range(50)]
    while not all(task.done() for task in tasks):
        before = worked
        await asyncio.sleep(0)
        seen.append(worked - before)
    assert worked == 50
    assert max(seen) <= 2  # ours and the next one's turn may fall into one


async def test_who_goes_away_while_waiting_costs_the_others_nothing() -> None:
    turns = Turns()
    await turns.mine()
    gone, stays = (asyncio.create_task(turns.mine()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(20):
        await stays
        await turns.mine()
