"""What a person waits for goes before what clusters send; neither is ever left behind."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from backend.courtesy import give_way
from console.loop import BUDGET, PATIENCE, CourteousLoop

STEP = 0.001


class Clocked(CourteousLoop):
    """Its clock stands still but for what the test says was spent; its turns are counted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.turn = 0
        super().__init__()

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        self.turn += 1
        super()._run_once()  # type: ignore[misc]


def run(work: Callable[[Clocked], Coroutine[Any, Any, None]]) -> Clocked:
    loop = Clocked()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work(loop))
    return loop


class Flood:
    """Tasks of many clusters, each of which takes in piece after piece."""

    def __init__(self, loop: Clocked, *, clusters: int = 20, pieces: int = 10) -> None:
        self.taken: list[tuple[int, int]] = []
        """(which cluster, in which turn of the loop), piece by piece."""
        self._loop = loop
        self.tasks = [asyncio.create_task(self._take_in(which, pieces)) for which in range(clusters)]

    async def _take_in(self, which: int, pieces: int) -> None:
        give_way()
        for _ in range(pieces):
            await asyncio.sleep(0)
            self._loop.now += STEP
            self.taken.append((which, self._loop.turn))


def test_a_key_passes_all_its_queues_while_a_flood_waits() -> None:
    async def work(loop: Clocked) -> None:
        flood = Flood(loop)
        await asyncio.sleep(5 * STEP)  # it is under way
        before = len(flood.taken)
        assert before
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(flood.taken) == before
        await asyncio.gather(*flood.tasks)
        assert len(flood.taken) == 200

    run(work)


def test_a_key_from_the_terminals_thread_waits_for_one_piece_only() -> None:
    async def work(loop: Clocked) -> None:
        seen: list[int] = []
        flood: list[int] = []

        async def piece(number: int) -> None:
            give_way()
            await asyncio.sleep(0)
            if number == 10:
                pressing = threading.Thread(
                    target=loop.call_soon_threadsafe, args=(lambda: seen.append(len(flood)),)
                )
                pressing.start()
                pressing.join()
            flood.append(number)

        await asyncio.gather(*(piece(number) for number in range(100)))
        assert flood == list(range(100))
        assert seen == [11]

    run(work)


def test_a_turn_of_the_loop_has_a_budget_for_what_gives_way() -> None:
    async def work(loop: Clocked) -> None:
        flood = Flood(loop)
        await asyncio.gather(*flood.tasks)
        most = max(Counter(turn for _, turn in flood.taken).values())
        assert 2 <= most <= BUDGET / STEP + 1

    run(work)


def test_clusters_are_served_in_turn() -> None:
    async def work(loop: Clocked) -> None:
        flood = Flood(loop)
        await asyncio.gather(*flood.tasks)
        order = [which for which, _ in flood.taken]
        assert all(sorted(order[at : at + 20]) == list(range(20)) for at in range(0, 200, 20))

    run(work)


def test_who_holds_a_key_down_does_not_stop_the_watches() -> None:
    async def work(loop: Clocked) -> None:
        flood = Flood(loop)
        spent = 0.0
        while not all(task.done() for task in flood.tasks):
            loop.now += STEP
            spent += STEP
            await asyncio.sleep(0)
            assert spent < 100 * PATIENCE
        assert len(flood.taken) == 200
        assert spent >= 10 * PATIENCE  # and the keys had most of the time

    run(work)


def test_what_begins_in_a_task_that_gives_way_gives_way_too_and_nobody_else() -> None:
    async def work(loop: Clocked) -> None:
        order: list[str] = []

        async def note(name: str) -> None:
            order.append(name)

        async def cluster() -> None:
            give_way()
            tasks.append(asyncio.create_task(note("cluster")))

        tasks = [asyncio.create_task(cluster())]
        await tasks[0]
        tasks.append(asyncio.create_task(note("person")))
        while len(order) < 2:
            await asyncio.sleep(0)
            loop.now += STEP
        assert order == ["person", "cluster"]

    run(work)


def test_nothing_is_left_behind_when_tasks_are_cancelled_and_the_loop_is_closed() -> None:
    ended: list[int] = []

    async def work(loop: Clocked) -> None:
        async def endless(number: int) -> None:
            give_way()
            try:
                while True:
                    await asyncio.sleep(0)
                    loop.now += STEP
            finally:
                await asyncio.sleep(0)
                ended.append(number)

        tasks = [asyncio.create_task(endless(number)) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks[:10]:
            task.cancel()
        await asyncio.gather(*tasks[:10], return_exceptions=True)
        assert sorted(ended) == list(range(10))
        # The others are left to the end of the program.

    loop = run(work)
    assert sorted(ended) == list(range(20))
    assert loop.is_closed()
    assert not loop._behind


def test_a_cancelled_callback_is_not_called_and_a_broken_one_stops_nobody() -> None:
    async def work(loop: Clocked) -> None:
        called: list[str] = []
        broken: list[object] = []
        loop.set_exception_handler(lambda _, context: broken.append(context["exception"]))
        done = asyncio.Event()

        def fail() -> None:
            raise ValueError("broken")

        async def begin() -> None:
            give_way()
            loop.call_soon(called.append, "cancelled").cancel()
            loop.call_soon(fail)
            loop.call_soon(called.append, "called")
            loop.call_soon(done.set)

        await asyncio.create_task(begin())
        await done.wait()
        assert called == ["called"]
        assert [type(error) for error in broken] == [ValueError]

    run(work)


def test_who_ends_the_program_amid_a_piece_is_heard_and_the_next_piece_is_not_lost() -> None:
    loop = Clocked()
    done = asyncio.Event()

    def end() -> None:
        raise SystemExit(3)

    async def begin() -> None:
        give_way()
        loop.call_soon(end)
        loop.call_soon(done.set)

    loop.run_until_complete(begin())
    with pytest.raises(SystemExit):
        loop.run_forever()
    loop.run_until_complete(done.wait())
    loop.close()
