"""A fleet's start: nobody is crowded, and a dead cluster costs the others nothing."""

from __future__ import annotations

import asyncio
import random

import pytest

from backend.kube.admission import (
    HANDSHAKE_BURST,
    HANDSHAKES_AT_ONCE,
    HANDSHAKES_PER_SECOND,
    LIST_PATIENCE,
    Admission,
    Lease,
    Patience,
    PriorityGate,
)
from tests.kube.simulation import LoopClock, SimulatedLoop, simulate


def admission() -> Admission:
    return Admission(clock=LoopClock(), random_source=random.Random(1))


async def at_once() -> None:
    """The cluster has a connection."""


def test_at_most_three_lists_make_progress_and_one_per_cluster() -> None:
    async def scenario() -> None:
        gate = admission()
        running: dict[str, int] = {}
        peak = 0

        async def one(cluster: str) -> None:
            nonlocal peak
            async with gate.listing(cluster, ready=at_once) as lease:
                running[cluster] = running.get(cluster, 0) + 1
                assert running[cluster] == 1
                peak = max(peak, sum(running.values()))
                for _ in range(5):
                    lease.progress()
                    await asyncio.sleep(0.2)
                running[cluster] -= 1

        await asyncio.gather(*(one(f"c{number % 20}") for number in range(60)))
        assert peak == 3
        assert asyncio.get_running_loop().time() == pytest.approx(20.0)

    simulate(scenario())


def test_lists_that_hang_give_their_place_away() -> None:
    async def scenario() -> None:
        gate = admission()
        loop = asyncio.get_running_loop()

        async def hang(cluster: str) -> None:
            async with gate.listing(cluster, ready=at_once):
                await asyncio.sleep(10)

        hanging = [asyncio.create_task(hang(f"slow-{number}")) for number in range(3)]
        await asyncio.sleep(0)
        async with gate.listing("alive", ready=at_once):
            assert loop.time() == pytest.approx(LIST_PATIENCE)
        await asyncio.gather(*hanging)

    simulate(scenario())


def test_where_all_pages_take_long_none_is_slow() -> None:
    """On a starved machine more lists at once would make all of them slower."""

    async def scenario() -> None:
        gate = admission()
        running = peak = 0

        async def one(cluster: str, *, page: float) -> None:
            nonlocal running, peak
            async with gate.listing(cluster, ready=at_once) as lease:
                running += 1
                peak = max(peak, running)
                for _ in range(4):
                    await asyncio.sleep(page)
                    lease.progress()
                running -= 1

        await asyncio.gather(*(one(f"usual-{number}", page=1.5) for number in range(9)))
        await asyncio.gather(*(one(f"slow-{number}", page=4.0) for number in range(9)))
        assert peak == 3

    simulate(scenario())


def test_a_held_loop_is_not_the_servers_fault() -> None:
    """What arrived while nothing could be read counts from the moment it can be."""

    async def scenario() -> None:
        loop, left = asyncio.get_running_loop(), list[float]()
        assert isinstance(loop, SimulatedLoop)
        lease = Lease(lambda: left.append(loop.time()), patience=Patience(1.0))
        loop.hold(30.0)
        await asyncio.sleep(0.5)
        assert left == []
        lease.progress()
        await asyncio.sleep(5.0)
        assert left == [pytest.approx(31.5)]

    simulate(scenario())


def test_clusters_that_cannot_be_reached_take_no_place() -> None:
    async def scenario() -> None:
        gate = admission()
        loop = asyncio.get_running_loop()

        async def never() -> None:
            await asyncio.sleep(10)
            raise ConnectionError

        async def hang(cluster: str) -> None:
            async with gate.listing(cluster, ready=never):
                raise AssertionError

        hanging = [asyncio.create_task(hang(f"dead-{number % 30}")) for number in range(60)]
        await asyncio.sleep(0)
        for number in range(4):
            async with gate.listing(f"alive-{number}", ready=at_once):
                assert loop.time() == 0
        ends = await asyncio.gather(*hanging, return_exceptions=True)
        assert all(isinstance(end, ConnectionError) for end in ends)
        async with gate.listing("dead-1", ready=at_once):  # its own place is free again
            pass

    simulate(scenario())


def test_ten_dead_clusters_do_not_delay_the_handshakes_of_ten_living_ones() -> None:
    async def scenario() -> None:
        gate = admission()
        loop = asyncio.get_running_loop()
        done: list[float] = []

        async def connect(number: int, seconds: float) -> None:
            async with gate.handshakes(str(number))():
                await asyncio.sleep(seconds)
            if seconds < 1:
                done.append(loop.time())

        await asyncio.gather(*(connect(number, 10.0 if number < 10 else 0.02) for number in range(20)))
        assert len(done) == 10
        assert max(done) <= 0.5

    simulate(scenario())


def test_handshakes_keep_a_pace_beyond_the_first_twenty() -> None:
    async def scenario() -> None:
        gate = admission()

        began: list[float] = []
        inside = peak = 0

        async def connect(number: int) -> None:
            nonlocal inside, peak
            async with gate.handshakes(str(number))():
                began.append(asyncio.get_running_loop().time())
                inside += 1
                peak = max(peak, inside)
                await asyncio.sleep(0.01)
                inside -= 1

        await asyncio.gather(*(connect(number) for number in range(300)))
        assert peak == HANDSHAKES_AT_ONCE
        for start in range(0, 260, 10):
            within = [moment for moment in began if began[start] <= moment < began[start] + 1.0]
            assert len(within) <= HANDSHAKE_BURST + HANDSHAKES_PER_SECOND
        assert began[-1] == pytest.approx((300 - HANDSHAKE_BURST) / HANDSHAKES_PER_SECOND, rel=0.05)

    simulate(scenario())


def test_who_did_not_answer_comes_after_all_others_and_what_is_shown_first() -> None:
    async def scenario() -> None:
        gate = admission()
        order: list[str] = []
        doors = {name: gate.handshakes(name) for name in ("dead", "other", "shown", "last")}
        gate.show(["shown", "dead"])

        async def connect(name: str) -> None:
            async with doors[name]():
                order.append(name)
                await asyncio.sleep(0.02)

        with pytest.raises(OSError, match="no route"):
            async with doors["dead"]():
                raise OSError("no route")
        fillers = [asyncio.create_task(connect_one(gate, number)) for number in range(HANDSHAKES_AT_ONCE)]
        await asyncio.sleep(0)
        await asyncio.gather(*(connect(name) for name in ("dead", "other", "last", "shown")), *fillers)
        assert order == ["shown", "other", "last", "dead"]
        await connect("dead")  # it answered: from now on it is one like any other
        gate.hide(["shown"])
        order.clear()
        fillers = [asyncio.create_task(connect_one(gate, number)) for number in range(HANDSHAKES_AT_ONCE)]
        await asyncio.sleep(0)
        await asyncio.gather(*(connect(name) for name in ("shown", "dead")), *fillers)
        assert order == ["dead", "shown"]

    simulate(scenario())


async def connect_one(gate: Admission, number: int) -> None:
    async with gate.handshakes(f"filler-{number}")():
        await asyncio.sleep(0.01)


def test_a_clusters_further_connections_are_not_paced() -> None:
    async def scenario() -> None:
        gate = admission()

        async def cluster(number: int) -> None:
            handshakes = gate.handshakes(str(number))
            for _ in range(4):
                async with handshakes():
                    await asyncio.sleep(0.001)

        await asyncio.gather(*(cluster(number) for number in range(20)))
        assert asyncio.get_running_loop().time() <= 0.5

    simulate(scenario())


def test_what_is_on_screen_goes_first() -> None:
    async def scenario() -> None:
        gate = PriorityGate(1)
        await gate.enter((0, 0))
        order: list[str] = []

        async def wait(name: str, priority: tuple[int, int]) -> None:
            await gate.enter(priority)
            order.append(name)
            gate.leave()

        waiting = [("background", (1, 0)), ("big", (0, 9000)), ("small", (0, 10))]
        tasks = [asyncio.create_task(wait(name, priority)) for name, priority in waiting]
        await asyncio.sleep(0)
        gate.leave()
        await asyncio.gather(*tasks)
        assert order == ["small", "big", "background"]

    simulate(scenario())


def test_a_waiter_that_is_cancelled_leaves_no_place_behind() -> None:
    async def scenario() -> None:
        gate = PriorityGate(1)
        await gate.enter((0, 0))
        waiting = asyncio.create_task(gate.enter((0, 0)))
        await asyncio.sleep(0)
        gate.leave()  # gives the place to the waiter …
        waiting.cancel()  # … which stops waiting in the same moment
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1):
            await gate.enter((0, 0))

    simulate(scenario())


def test_many_feeds_of_a_dead_cluster_count_as_one_failure() -> None:
    async def scenario() -> None:
        place = admission().reachability("cluster")
        first = [place.failed(0.0) for _ in range(50)]
        assert max(first) <= 0.8 + 0.2
        again = place.failed(max(first))
        assert 0.8 <= again <= 1.6 + 0.2

    simulate(scenario())


def test_a_resumed_laptop_spreads_its_clusters() -> None:
    gate = Admission(random_source=random.Random(1))
    delays = [gate.resume_delay(100) for _ in range(1000)]
    assert 25 < max(delays) <= 30
    assert max(gate.resume_delay(10_000) for _ in range(100)) <= 60
