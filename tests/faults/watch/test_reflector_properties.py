"""Whatever goes wrong, in any order: the table ends equal to the server, and the server is not crowded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.kube.status import State
from tests.kube.checking_sink import CheckingSink
from tests.kube.faulty_wire import FaultyWire
from tests.kube.feeding import Feeding, feeding
from tests.kube.simulation import simulate

NAMES = ["a", "b", "c", "d"]
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
LOSES_THE_VERSION = {"410", "error_410", "400", "504_too_large", "500", "error_500"}
CUTS = ["eof", "reset", "half_open"]

actions = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(NAMES), st.integers(0, 99)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
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


async def play(script: list[tuple[object, ...]], seed: int) -> Outcome:
    async with feeding(objects=0, max_backlog=50, seed=seed) as feed:
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


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, max_size=30), st.integers(0, 2**32))
def test_any_interleaving_ends_with_the_servers_truth(script: list[tuple[object, ...]], seed: int) -> None:
    outcome = simulate(play(script, seed))

    assert outcome.sink.seen() == outcome.truth
    assert outcome.sink.state is State.LIVE
    _relists_have_causes(outcome)
    _nothing_is_hammered(outcome)


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
