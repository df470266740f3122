from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.observe.logs.merge import OPENING, WIDEST, WINDOW, Merger

S = 10**9


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def texts(merger: Merger, *, all: bool = False) -> list[bytes]:
    return [text for _, _, _, text in merger.due(all=all)]


def put(merger: Merger, source: int, *lines: tuple[float, bytes]) -> None:
    told = [(int(at * S), text) for at, text in lines]
    merger.put(merger.lane(source), told, size=sum(len(text) for _, text in told))


def test_one_source_never_waits() -> None:
    merger = Merger(clock=Clock())
    put(merger, 1, (5, b"a"), (6, b"b"))
    assert texts(merger) == [b"a", b"b"]


def test_lines_of_two_sources_come_by_time() -> None:
    merger = Merger(clock=Clock())
    put(merger, 1, (5, b"a"), (7, b"c"))
    put(merger, 2, (6, b"b"), (9, b"d"))
    assert texts(merger) == [b"a", b"b", b"c"], "d waits: 1 may have something before it"


def test_nobody_waits_longer_than_the_window() -> None:
    clock = Clock()
    merger = Merger(clock=clock)
    put(merger, 1, (5, b"a"))
    put(merger, 2, (9, b"d"))
    assert texts(merger) == [b"a"]
    clock.now += WINDOW + 0.01
    assert texts(merger) == [b"d"]


def test_a_clock_that_is_behind_delays_others_by_no_more_than_the_window() -> None:
    """Node 2 is five minutes behind and speaks all the time."""
    clock = Clock()
    merger = Merger(clock=clock)
    late: list[float] = []
    for step in range(200):
        clock.now += 0.05
        put(merger, 1, (1000 + clock.now, b"%d" % step))
        put(merger, 2, (700 + clock.now, b"behind"))
        for key, source, _, _ in merger.due():
            if source == 1:
                late.append(1000 + clock.now - key / S)
    assert len(late) > 190
    assert max(late[25:]) <= WINDOW + 0.1


def test_the_past_of_a_slow_source_is_waited_for() -> None:
    """One tells an hour at once, another takes ten seconds for it: they still come by time."""
    clock = Clock()
    merger = Merger(clock=clock)
    put(merger, 1, *[(at, b"1") for at in range(0, 3600, 10)])
    merger.begin(2)
    shown: list[int] = []
    for step in range(100):
        put(merger, 2, *[(at + 0.5, b"2") for at in range(step * 36, step * 36 + 36, 10)])
        shown += [key for key, _, _, _ in merger.due()]
        clock.now += 0.1
    clock.now += 1
    shown += [key for key, _, _, _ in merger.due()]
    assert shown == sorted(shown)
    assert len(shown) == 760


def test_sources_that_are_being_opened_are_waited_for_a_moment() -> None:
    clock = Clock()
    merger = Merger(clock=clock)
    merger.begin(1)
    merger.begin(2)
    put(merger, 1, (5, b"late"))
    clock.now += OPENING / 2
    assert texts(merger) == []
    put(merger, 2, (4, b"early"), (6, b"latest"))
    assert texts(merger) == [b"early", b"late", b"latest"]


def test_who_runs_ahead_waits() -> None:
    merger = Merger(clock=Clock())
    put(merger, 1, (1, b""))
    lane = merger.lane(2)
    put(merger, 2, *[(at, b"x" * 1024) for at in range(2, 1000)])
    assert not lane.room.is_set()
    put(merger, 1, (2000, b""))
    assert len(texts(merger)) == 999
    assert lane.room.is_set()


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 100), st.booleans()), max_size=60),
)
def test_nothing_is_lost_and_each_source_keeps_its_order(steps: list[tuple[int, int, bool]]) -> None:
    clock = Clock()
    merger = Merger(clock=clock)
    told: dict[int, list[bytes]] = {}
    shown: dict[int, list[bytes]] = {}
    for number, (source, time, looks) in enumerate(steps):
        put(merger, source, (time, b"%d" % number))
        told.setdefault(source, []).append(b"%d" % number)
        clock.now += 0.02
        if looks:
            for _, place, _, text in merger.due():
                shown.setdefault(place, []).append(text)
    for source in told:
        merger.end(source)
    for _, place, _, text in merger.due(all=True):
        shown.setdefault(place, []).append(text)
    assert shown == told
    assert merger.empty


def test_a_line_that_comes_too_late_is_counted_and_the_next_ones_are_waited_for() -> None:
    clock = Clock()
    merger = Merger(clock=clock)

    def round_(delay: float) -> list[bytes]:
        """Both write at once; the lines of 2 arrive later."""
        at = clock.now
        put(merger, 1, (at, b"first"))
        put(merger, 2, (at - 0.001, b"still of before"))
        told: list[bytes] = []
        steps = int(delay / 0.05)
        for step in range(60):
            clock.now += 0.05
            if step == steps:
                put(merger, 2, (at - 0.0005, b"late"))
            told += texts(merger)
        return told

    assert round_(0.6) == [b"still of before", b"first", b"late"]
    assert merger.late == 1
    assert round_(0.6) == [b"still of before", b"late", b"first"], "now there is time for it"
    assert merger.late == 1
    clock.now += 61
    put(merger, 1, (clock.now, b"a"))
    texts(merger)
    assert round_(0.6)[-1] == b"late", "after a quiet minute nobody waits longer than at first"


def test_what_is_far_behind_is_counted_and_delays_nobody() -> None:
    clock = Clock()
    merger = Merger(clock=clock)
    put(merger, 1, (1000, b"now"))
    assert texts(merger) == [b"now"]
    clock.now += WIDEST + 0.1
    put(merger, 2, (900, b"behind"))
    assert texts(merger) == [b"behind"]
    assert merger.late == 1
    put(merger, 1, (1001, b"a"))
    clock.now += WINDOW + 0.01
    assert texts(merger) == [b"a"]
