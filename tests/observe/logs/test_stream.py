from __future__ import annotations

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kube.backoff import Backoff
from backend.kube.client import Client
from backend.observe.logs import stream
from backend.observe.logs.places import StreamPlaces
from backend.observe.logs.sources import Source, SourceState
from backend.observe.logs.stream import ContainerLog, Reading
from tests.observe.logs.faulty_container import START, FaultyContainer, Happening, source_of


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next", lambda self, now, at_least=None: 0.0)
    monkeypatch.setattr(stream, "EXPECTED", 0.0)


class Told:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.seams: list[tuple[int, str]] = []
        self.states: list[SourceState] = []

    async def block(self, source: Source, block: bytes) -> None:
        assert block.endswith(b"\n")
        self.lines += block.split(b"\n")[:-1]

    def seam(self, source: Source, text: str, *, at: float) -> None:
        self.seams.append((len(self.lines), text))

    def opened(self, source: Source) -> None: ...

    def changed(self, source: Source) -> None:
        self.states.append(source.state)


def read(container: FaultyContainer, **reading: object) -> Told:
    told = Told()

    async def main() -> None:
        log = ContainerLog(
            source_of(container),
            client=lambda: cast("Client", container),
            reading=Reading(**reading),  # type: ignore[arg-type]
            sink=told,
            places=StreamPlaces(),
        )
        container.told = log.touch
        async with asyncio.timeout(30):
            await log.run()

    asyncio.run(main())
    return told


happenings = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 12)),
    st.tuples(st.just("cut"), st.integers(0, 600)),
    st.tuples(st.just("die"), st.integers(0, 600)),
    st.tuples(st.just("hang-up"), st.just(0)),
    st.tuples(st.just("refuse"), st.just(0)),
    st.tuples(st.just("restart"), st.just(0)),
)


@given(
    st.lists(happenings, max_size=25),
    st.integers(1, 200),
    st.sampled_from([1, 90, 700]),
    st.sampled_from([None, 0, 3]),
)
def test_cut_at_any_byte_nothing_is_lost_and_nothing_told_twice(
    script: list[Happening], size: int, pace: int, unseen: int | None
) -> None:
    """``unseen``: lines of a first run that was over before the pod was seen at all; None: there was none."""
    container = FaultyContainer(list(script), size=size, pace=pace)
    if unseen is not None:
        container.write(unseen)
        container.restart_unseen()
    told = read(container, joined=unseen is not None)
    assert told.lines == [line for run in container.runs for line in run]
    assert len(told.seams) == len(container.runs) - 1
    lengths = [0]
    for run in container.runs:
        lengths.append(lengths[-1] + len(run))
    assert [at for at, _ in told.seams] == lengths[1:-1], "each seam stands between its runs"
    assert told.states[-1] is SourceState.ENDED


def test_what_a_run_said_last_is_read_after_a_restart() -> None:
    """Cut, and restarted before the stream could be resumed: the rest is the previous run's log."""
    container = FaultyContainer([("write", 5), ("die", 70)])
    told = read(container)
    assert told.lines == [line for run in container.runs for line in run]
    assert [at for at, _ in told.seams] == [9]


def test_runs_that_came_and_went_during_a_cut_are_told_of() -> None:
    container = FaultyContainer([("write", 5), ("die", 70)])
    original = container.restart

    def twice() -> None:
        original()
        container.write(2)
        original()

    container.restart = twice  # type: ignore[method-assign]
    told = read(container)
    assert "1 runs in between, lines of them may be missing" in told.seams[0][1]
    assert set(told.lines) >= set(container.runs[1]) | set(container.runs[2])


def test_what_a_kubelet_says_in_place_of_a_log_is_no_line_of_it() -> None:
    container = FaultyContainer([("write", 3)])
    original, asked = container.logs, []

    async def logs(*args: object, **options: object):  # type: ignore[no-untyped-def]
        asked.append(options)
        if len(asked) == 1:
            yield b"unable to retrieve container logs for containerd://279b56467b55"
            return
        async for chunk in original(*args, **options):  # type: ignore[arg-type]
            yield chunk

    container.logs = logs  # type: ignore[method-assign, assignment]
    told = read(container)
    assert told.lines == container.runs[0]
    assert len(asked) > 1
    assert SourceState.BROKEN in told.states


def test_a_restart_before_anybody_looked_is_told_above_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def told_of(age: float, **reading: object) -> list[tuple[int, str]]:
        container = FaultyContainer([])
        container.write(2)
        container.restart_unseen()
        container.write(3)
        monkeypatch.setattr(stream.time, "time", lambda: START + container.clock / 1000 + age)
        told = read(container, **reading)
        assert told.lines == container.runs[1]
        return told.seams

    words = "restarted (run 2) after exit code 1, Error; the run before is not shown"
    assert told_of(600) == [(0, words)]
    assert told_of(600, since=3600.0) == [(0, words)]
    assert told_of(7200, since=3600.0) == [], "it was before what was asked for"
    assert told_of(3 * stream.LATELY) == [], "it is no news"
    assert told_of(600, follow=False) == [], "a log that is read once is what kubectl prints"


def test_a_container_that_waits_for_its_next_run_has_restarted_too() -> None:
    """CrashLoopBackOff: the log is that of the run that ended last; how the one before ended is not known."""
    container = FaultyContainer([])
    container.write(2)
    container.restart_unseen()
    container.write(1)
    container.over = True
    (seam,) = read(container, since=10.0**9).seams
    assert seam == (0, "restarted (run 2); the run before is not shown")


def test_of_a_pod_that_joined_the_runs_that_are_gone_are_told_of() -> None:
    container = FaultyContainer([])
    for _ in range(3):
        container.write(2)
        container.restart_unseen()
    told = read(container, joined=True)
    assert told.lines == container.runs[2]
    assert "2 runs in between" in told.seams[0][1]


def test_the_seam_says_how_the_run_ended() -> None:
    told = read(FaultyContainer([("write", 2), ("restart", 0), ("write", 1)]))
    assert told.seams == [(2, "restarted (run 2) after exit code 1, Error")]


def test_read_once() -> None:
    container = FaultyContainer([("cut", 50), ("cut", 90)])
    container.write(20)
    told = read(container, follow=False)
    assert told.lines == container.runs[0]


def test_the_last_lines_only() -> None:
    container = FaultyContainer([])
    container.write(20)
    assert read(container, follow=False, tail=3).lines == container.runs[0][-3:]


def test_there_was_no_run_before() -> None:
    told = read(FaultyContainer([]), follow=False, previous=True)
    assert (told.lines, told.states[-1]) == ([], SourceState.ENDED)


async def test_places_are_given_in_turn_and_those_who_left_cost_none() -> None:
    places = StreamPlaces(per_cluster=2, altogether=3)
    held: list[str] = []

    async def hold(name: str, cluster: str, until: asyncio.Event) -> None:
        async with places.place(cluster):
            held.append(name)
            await until.wait()
            held.remove(name)

    leave = {name: asyncio.Event() for name in "abcdef"}
    tasks = {
        name: asyncio.create_task(hold(name, cluster, leave[name]))
        for name, cluster in zip("abcdef", "xxxyyx", strict=True)
    }
    await asyncio.sleep(0)
    assert held == ["a", "b", "d"]
    assert places.wanted("x")
    tasks["c"].cancel()
    await asyncio.sleep(0)
    leave["a"].set()
    await asyncio.gather(tasks["a"], tasks["c"], return_exceptions=True)
    await asyncio.sleep(0)
    assert held == ["b", "d", "e"], "c gave up; e waited for any place at all"
    for event in leave.values():
        event.set()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    assert places.open == 0


async def test_a_quiet_stream_lends_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two containers and one place: both are told, in turns."""
    monkeypatch.setattr(stream, "QUIET", 0.02)
    places = StreamPlaces(per_cluster=1)
    told = [Told(), Told()]
    opened = [0, 0]

    class Silent(FaultyContainer):
        async def logs(self, *args: object, **options: object):  # type: ignore[no-untyped-def, override]
            opened[self.size] += 1
            yield self.write(1)
            await asyncio.sleep(60)

    tasks = []
    for at in (0, 1):
        container = Silent([], size=at)
        log = ContainerLog(
            source_of(container),
            client=lambda container=container: cast("Client", container),  # type: ignore[misc]
            reading=Reading(),
            sink=told[at],
            places=places,
        )
        tasks.append(asyncio.create_task(log.run()))
    async with asyncio.timeout(20):
        while min(opened) < 3:
            await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert min(len(one.lines) for one in told) >= 2
