"""Whatever goes wrong, in any order: the table ends equal to the server, and the server is not crowded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.kube import reflector
from backend.kube.backoff import CAP, FIRST
from backend.kube.status import State
from tests.kube.checking_sink import CheckingSink
from tests.kube.faulty_wire import FaultyWire
from tests.kube.feeding import Feeding, feeding
from tests.kube.simulation import simulate

NAMES = ["a", "b", "c", "d", "e", "f"]
PAGE = 2
"""Objects of a page, so that lists of a few objects have several, between which anything may happen."""
FAULTS = [
    "429",
    "503",
    "500",
    "504_too_large",
    "410",
    "400",
    "login_page",
    "refused",
    "no_answer",
    "reset",
    "half_open",
    "mid_line",
    "short",
    "error_410",
    "error_500",
    "garbage",
    "replay",
    "slow",
]
BEGINNING = 98
"""The server's first version: 9 is not more than 10, and few changes lead from one to the other."""
AT_ONCE = {"429", "503", "500", "504_too_large", "410", "400", "login_page"}
"""Refusals that come at once and say nothing about the connection: the feed's own backoff counts them."""
LOSES_THE_VERSION = {"410", "error_410", "400", "504_too_large", "500", "error_500"}
CUTS = ["eof", "reset", "half_open"]

puts = st.tuples(st.just("put"), st.sampled_from(NAMES), st.integers(0, 99))
deletes = st.tuples(st.just("delete"), st.sampled_from(NAMES))
upsets = st.tuples(st.just("upset"), st.sampled_from(FAULTS), st.sampled_from(CUTS))
"""The watch is cut, and what the reflector asks next goes wrong."""
actions = st.one_of(
    puts,
    puts,
    deletes,
    upsets,
    upsets,
    upsets,
    st.tuples(st.just("blink"), st.sampled_from(NAMES)),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS)),
    st.tuples(st.just("cut"), st.sampled_from(CUTS)),
    st.tuples(st.just("compact")),
    st.tuples(st.just("down")),
    st.tuples(st.just("up")),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 7.0, 40.0, 200.0])),
)


@dataclass
class Outcome:
    sink: CheckingSink
    wire: FaultyWire
    truth: dict[str, tuple[str, int]]
    compactions: int


async def play(script: list[tuple[object, ...]], seed: int, *, objects: int, latency: float) -> Outcome:
    """Carry a script out on a server with so many objects, and give everything time to heal."""
    async with feeding(objects=0, max_backlog=50, seed=seed, latency=latency) as feed:
        feed.collection.version = BEGINNING
        for name in NAMES[:objects]:
            feed.collection.put(name, 0)
        compactions = await _act(feed, script)
        feed.wire.down = False
        await asyncio.sleep(3600)  # every fault is used up, every backoff and half-open connection is over
    return Outcome(feed.sink, feed.wire, feed.collection.truth(), compactions)


async def _act(feed: Feeding, script: list[tuple[object, ...]]) -> int:
    """Carry the script out; how often history was compacted."""
    collection, wire = feed.collection, feed.wire
    compactions = 0
    for act in script:
        match act:
            case ("put", str(name), int(value)):
                collection.put(name, value)
            case ("delete", str(name)):
                collection.delete(name)
            case ("fault", str(fault)):
                wire.faults.append(fault)
            case ("cut", str(how)):
                wire.cut(how)
            case ("upset", str(fault), str(how)):
                await asyncio.sleep(60.0)  # the watch is there
                wire.faults.append(fault)
                wire.cut(how)
                await asyncio.sleep(5.0)
            case ("blink", str(name)):
                collection.put(name, 0)
                collection.delete(name)
            case ("compact",):
                collection.compact()
                compactions += 1
            case ("down",):
                wire.down = True
                wire.cut("reset")
            case ("up",):
                wire.down = False
            case ("wait", float(seconds)):
                await asyncio.sleep(seconds)
        await wire.changed()
    return compactions


@settings(max_examples=300)
@given(
    st.lists(actions, min_size=4, max_size=40),
    st.integers(0, 2**32),
    st.integers(0, len(NAMES)),
    st.sampled_from([0.0, 0.3, 5.0]),
)
def test_any_interleaving_ends_with_the_servers_truth(
    script: list[tuple[object, ...]], seed: int, objects: int, latency: float
) -> None:
    """``latency``: of each piece of a list; a slow one is overtaken by changes and compactions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reflector, "PAGE", PAGE)
        patch.setitem(reflector.collect.__kwdefaults__, "limit", PAGE)
        outcome = simulate(play(script, seed, objects=objects, latency=latency))

    assert outcome.sink.seen() == outcome.truth
    assert outcome.sink.state is State.LIVE
    _relists_have_causes(outcome)
    _nothing_is_hammered(outcome)
    _waits_keep_the_law(outcome)
    _watches_go_on_where_they_ended(outcome)


def _relists_have_causes(outcome: Outcome) -> None:
    """A list is begun first of all, after a list that failed, and when the version was lost; nothing else."""
    asked = outcome.wire.asked
    lists = [one for one in asked if one.kind == "list"]
    failed = [one for one in asked if one.kind != "watch" and one.fault]
    lost = [one for one in asked if one.kind == "watch" and one.fault in LOSES_THE_VERSION]
    assert len(lists) <= 1 + len(failed) + len(lost) + 2 * outcome.compactions


def _nothing_is_hammered(outcome: Outcome) -> None:
    """No minute has more requests than the backoff law allows.

    Delays of at least 0.4, 0.8, 1.6, 3.2, 6.4, 12.8 and 15 s: seven failures fit in the first minute. Each
    may be a list followed at once by a watch, and one reconnect is free.
    """
    times = [one.at for one in outcome.wire.asked if one.kind != "page"]
    for start in times:
        inside = [at for at in times if start <= at < start + 60]
        assert len(inside) <= 2 * 7 + 4, inside


def _waits_keep_the_law(outcome: Outcome) -> None:
    """Between refusals in a row each wait is at least half its step of the backoff; one is free (R12)."""
    row: list[float] = []
    for one in [*(one for one in outcome.wire.asked if one.kind != "page"), None]:
        if one is not None and (one.fault in AT_ONCE or (one.kind, one.fault) == ("watch", "short")):
            row.append(one.at)
            continue
        if one is not None and row:
            row.append(one.at)  # the request after the last refusal had to wait, too
        waits = [after - before for before, after in pairwise(row)]
        if waits:
            waits.remove(min(waits))
        for number, wait in enumerate(waits):
            assert wait >= min(FIRST * 2**number, CAP) / 2 - 1e-6, waits
        row = []


def _watches_go_on_where_they_ended(outcome: Outcome) -> None:
    """No watch begins before what an earlier one already told (R11)."""
    told = 0
    for one in outcome.wire.asked:
        if one.kind == "watch":
            assert int(one.query["resourceVersion"]) >= told
            told = max(told, one.delivered)
