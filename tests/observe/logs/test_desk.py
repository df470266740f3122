from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.observe.logs.block import Entry
from backend.observe.logs.desk import LogDesk, ShownLines
from backend.observe.logs.line_filter import line_filter
from backend.observe.logs.selection import parse_logs
from backend.observe.logs.spool import Spool
from backend.observe.logs.spool_file import SpoolFolder
from tests.fleet.running_demo import Demo


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(folder=SpoolFolder(tmp_path), largest=2 * 1024 * 1024)
    yield made
    made.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 5000)), max_size=8),
    size=st.integers(5, 400),
)
def test_a_filter_over_a_spool_that_grows_and_drops(
    tmp_path: Path, steps: list[tuple[int, int]], size: int
) -> None:
    """In pieces, while lines are added and the oldest go: what is found is what a look at all would find."""
    spool = Spool(folder=SpoolFolder(tmp_path), largest=2 * 1024 * 1024)
    try:
        shown, total = ShownLines(spool, line_filter(match="7")), 0
        for added, looked in steps:
            lines = [Entry(at, 0, 0, b"%d " % at + b"x" * size) for at in range(total, total + added)]
            spool.append(lines)
            total += added
            shown.look(looked)
        spool.settle().result(60)  # afterwards nothing is dropped any more
        while shown.behind:
            shown.look()
        wanted = [at for at in range(spool.first, spool.end) if "7" in str(at)]
        assert list(shown.numbers(0, len(shown))) == wanted
        for place, number in list(enumerate(wanted))[:: max(1, len(wanted) // 20)]:
            assert (shown.number(place), shown.place(number)) == (number, place)
    finally:
        spool.close()


def test_without_a_filter_all_lines_are_shown(spool: Spool) -> None:
    spool.append([Entry(at, 0, 0, b"x" * 300) for at in range(20_000)])
    spool.settle().result(20)
    shown = ShownLines(spool)
    assert spool.first > 0
    assert len(shown) == spool.end - spool.first
    assert list(shown.numbers(0, 3)) == [spool.first, spool.first + 1, spool.first + 2]
    assert shown.place(spool.end - 1) == len(shown) - 1
    assert shown.place(0) == 0


async def test_a_desk_follows_and_filters_meanwhile(demo: Demo, tmp_path: Path) -> None:
    members, _ = members_of(demo.kubeconfig)
    async with Fleet([member for member in members if member.name in demo.clusters]) as fleet:
        desk = LogDesk(fleet, parse_logs("-n pay --tail 50"), spool=Spool(folder=SpoolFolder(tmp_path)))
        running = asyncio.create_task(desk.run())
        try:
            async with asyncio.timeout(60):
                while desk.spool.end < 100:
                    await asyncio.sleep(0.02)
                desk.filter(line_filter(not_match="request"))
                while desk.shown.behind:
                    await asyncio.sleep(0.02)
                found = [desk.spool.read(n, n + 1)[0] for n in desk.shown.numbers(0, len(desk.shown))]
                assert not any(b"request" in entry.text for entry in found)
                before = desk.spool.end
                while desk.spool.end == before or desk.shown.behind:
                    await asyncio.sleep(0.02)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await desk.close()


async def test_lines_are_judged_with_the_numbers_they_have(demo: Demo, tmp_path: Path) -> None:
    members, _ = members_of(demo.kubeconfig)
    async with Fleet(members) as fleet:
        desk = LogDesk(fleet, parse_logs(""), spool=Spool(folder=SpoolFolder(tmp_path)))
        data, text = b'{"msg":"x"}', b"plain text"
        try:
            await desk._take([(0, 0, 0, data), (1, 1, 1, text), (2, 0, 2, text), (3, 0, 3, b"a=1 b=2")])
            assert [desk.layouts.data_at(source, 0) for source in (0, 1, 2)] == [True, False, False]
            await desk._take([(at, 1, at, text) for at in range(50)])
            await desk._take([(at, 1, at, data) for at in range(300)])
            assert desk.layouts.data_at(1, desk.spool.end - 1)
            assert not desk.layouts.data_at(1, 53), "what was shown as text stays so"
        finally:
            await desk.close()
