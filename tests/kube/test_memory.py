"""What is kept is weighed, and there is an end to it (rule 21)."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import pytest

from backend.kube.admission import Admission
from backend.kube.errors import TooLarge
from backend.kube.memory import Memory
from backend.kube.status import State
from backend.kube.weight import Scales, weigh
from backend.resources import registry
from backend.resources.kinds.pod import KIND
from tests.bench.feeder.collection import Collection
from tests.kube.feeding import feeding
from tests.kube.simulation import LoopClock, simulate


def test_an_estimate_is_near_what_python_says() -> None:
    """Neither half of it nor twice as much: the budget would mean nothing."""
    decoder = registry.struct_decoder(KIND)
    collection = Collection(pods=2000, seed=1)
    bodies = b",".join(map(collection.template.render, collection.pods.values()))
    body = b'{"metadata":{"resourceVersion":"1"},"items":[%s]}' % bodies
    decoder.page(body)
    gc.collect()
    tracemalloc.start()
    try:
        items = decoder.page(body).items
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken * 0.7 < sum(map(weigh, items)) < taken * 2


def test_few_objects_tell_what_many_weigh() -> None:
    scales = Scales()
    assert scales.estimate(1000) == 0
    scales.add(["x" * 1000] * 500)
    scales.add(["x" * 3000] * 500)
    assert 2_500_000 < scales.estimate(1000) < 3_000_000  # 2,000 each, and what is kept beside them


def test_shares_of_one_account() -> None:
    memory = Memory(most=1000, most_of_one=800)
    east, west = memory.share("east"), memory.share("west")
    east.hold(700, what="pods")
    with pytest.raises(TooLarge, match="its pods weigh more than") as caught:
        east.hold(900, what="pods")
    assert caught.value.cluster == "east"
    east.hold(700, what="pods")
    west.hold(300, what="pods")
    with pytest.raises(TooLarge) as caught:
        west.hold(301, what="pods")
    assert "memory_mb" in caught.value.advice
    west.hold(200, what="pods")  # who shrinks is never refused
    east.release()
    west.hold(800, what="pods")
    west.release()
    assert memory.held == 0


def test_a_list_that_outgrows_the_account_is_too_large_until_there_is_room() -> None:
    async def scenario() -> None:
        admission = Admission(clock=LoopClock())
        admission.memory.most = 2 << 20
        async with feeding(objects=1200, admission=admission, cluster="first") as first:
            await first.settle()
            assert first.sink.state is State.LIVE
            held = admission.memory.held
            assert 1_000_000 < held == first.reflector.weight
            async with feeding(objects=1200, admission=admission, cluster="second") as second:
                await second.settle()
                assert second.sink.state is State.TOO_LARGE
                assert "all that is kept would weigh more than 2 MB" in second.sink.statuses[-1].detail
            assert admission.memory.held == held
        assert admission.memory.held == 0
        async with feeding(objects=1200, admission=admission, cluster="third") as third:
            await third.settle()
            assert third.sink.state is State.LIVE

    simulate(scenario())


def test_a_watch_that_grows_beyond_it_is_too_large() -> None:
    async def scenario() -> None:
        admission = Admission(clock=LoopClock())
        admission.memory.most = 200_000
        async with feeding(objects=50, admission=admission) as feed:
            await feed.settle()
            assert feed.sink.state is State.LIVE
            for number in range(400):
                await feed.put(f"more-{number}", number)
            await feed.settle()
            assert feed.sink.state is State.TOO_LARGE

    simulate(scenario())


def test_what_nobody_looks_at_makes_room() -> None:
    async def scenario() -> None:
        admission = Admission(clock=LoopClock())
        admission.memory.most = 1_500_000
        warm = feeding(objects=1200, admission=admission, cluster="left")
        await (await warm.__aenter__()).settle()
        closing: list[asyncio.Task[object]] = []

        def relieve() -> bool:
            if not closing:
                closing.append(asyncio.create_task(warm.__aexit__(None, None, None)))  # type: ignore[arg-type]
            return not closing[0].done()

        admission.memory.relieve = relieve
        async with feeding(objects=1200, admission=admission, cluster="wanted") as feed:
            await feed.settle()
            assert feed.sink.state is State.LIVE
        assert closing

    simulate(scenario())
