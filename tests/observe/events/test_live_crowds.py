"""Live events when it gets rough: fifty thousand at once, servers that start again, one that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from backend.fleet.batch import SLICE, Batch
from backend.fleet.query import Query
from backend.fleet.row import Row, make_row
from backend.kube.status import State, Status
from backend.observe.events.group import Group
from backend.observe.events.history import EventHistory
from backend.observe.events.live import WARNINGS_ONLY, LiveEvents
from backend.observe.events.seen import seen
from backend.observe.events.selection import Selection
from backend.resources.kinds.event import KIND, Event
from backend.text import SafeStr
from tests.observe.events.sightings import NOW, decoded, raw, stamp

DEADLINE = 60.0


class Script:
    """A fleet of one cluster whose table says what the test says."""

    def __init__(self) -> None:
        self.batches_to_come: asyncio.Queue[Batch | Exception] = asyncio.Queue()
        self.cluster: Any = SimpleNamespace(id="id-eu", name=SafeStr("eu"))
        self.asked: list[Query] = []

    def select(self, patterns: Sequence[str] = ()) -> list[Any]:
        return [self.cluster]

    def table(self, query: Query, *, interval: float = 0.1) -> Any:
        self.asked.append(query)
        return self

    async def __aenter__(self) -> Script:
        return self

    async def __aexit__(self, *exc_info: object) -> None: ...

    async def batches(self) -> AsyncGenerator[Batch, None]:
        while True:
            batch = await self.batches_to_come.get()
            if isinstance(batch, Exception):
                raise batch
            yield batch

    def say(self, *changed: Row, removed: Sequence[Row] = (), state: State = State.LIVE) -> None:
        statuses = {"id-eu": Status(state=state, since=NOW)}
        gone = tuple(row.key for row in removed)
        self.batches_to_come.put_nowait(Batch(changed=changed, removed=gone, statuses=statuses))


def row(name: str, *, skew: float = 0.0, **more: Any) -> Row:
    (event,) = decoded(raw(name, **more))
    return make_row(event, cluster_id="id-eu", cluster=SafeStr("eu"), kind=KIND, skew=skew)


def many(count: int) -> list[Row]:
    """About as many pods; decoded once and varied, to be quick."""
    (event,) = decoded(raw())
    found = []
    for number in range(count):
        name = f"api-{number}"
        metadata = msgspec.structs.replace(event.metadata, name=name, uid=name)
        about = msgspec.structs.replace(event.involved_object, name=name)
        one = msgspec.structs.replace(event, metadata=metadata, involved_object=about)
        found.append(make_row(one, cluster_id="id-eu", cluster=SafeStr("eu"), kind=KIND))
    return found


def live_of(script: Script, **selection: Any) -> LiveEvents:
    return LiveEvents(
        script, EventHistory(None, wall=lambda: NOW), Selection(**selection), interval=0.0, wall=lambda: NOW
    )


async def test_fifty_thousand_events_come_in_pieces_that_hold_nobody_up() -> None:
    """Those that are known come no quicker than those that a cluster sends."""
    script = Script()
    crowd = many(50_000)
    script.say(*crowd[:25_000])
    history = EventHistory(None, wall=lambda: NOW)
    history.take("id-eu", [seen(one.item) for one in crowd[25_000:] if isinstance(one.item, Event)])
    found: set[tuple[str, str]] = set()
    largest = 0
    live = LiveEvents(script, history, Selection(), interval=0.0, wall=lambda: NOW)
    async with asyncio.timeout(DEADLINE), live:
        async for batch in live.batches():
            largest = max(largest, len(batch.changed))
            found.update(one.key for one in batch.changed)
            if len(found) == 50_000:
                break
    assert 0 < largest <= SLICE


async def test_a_server_that_starts_again_counts_nothing_twice() -> None:
    script = Script()
    first = [row("a", count=3), row("b", reason="Pulled")]
    script.say(*first)
    script.say(removed=first, state=State.UNREACHABLE)
    script.say(*first, row("a", count=5, version="9", lastTimestamp=stamp(1)))
    async with asyncio.timeout(DEADLINE), live_of(script) as live:
        async for batch in live.batches():
            groups = {
                one.item.reason: one.item.count for one in live.rows.values() if isinstance(one.item, Group)
            }
            if groups == {"BackOff": 5, "Pulled": 1} and batch.statuses["id-eu"].state is State.LIVE:
                break


async def test_clusters_with_other_clocks_stand_in_one_order() -> None:
    script = Script()
    script.say(
        row("ahead", about="Pod/pay/a", skew=600, ago=-540),
        row("behind", about="Pod/pay/b", skew=-600, ago=690),
    )
    async with asyncio.timeout(DEADLINE), live_of(script, since=300.0) as live:
        async for _ in live.batches():
            times = {one.item.metadata.name: NOW - one.item.last for one in live.rows.values()}  # type: ignore[attr-defined]
            if len(times) == 2:
                break
    assert times == {"a": pytest.approx(60), "b": pytest.approx(90)}


async def test_what_breaks_is_told_and_not_swallowed() -> None:
    script = Script()
    script.batches_to_come.put_nowait(RuntimeError("the table broke"))
    async with asyncio.timeout(DEADLINE), live_of(script) as live:
        with pytest.raises(RuntimeError, match="the table broke"):
            async for _ in live.batches():
                pass


async def test_another_range_asks_nobody_again() -> None:
    script = Script()
    script.say(row("old", about="Pod/pay/a", ago=5000), row("new", about="Pod/pay/b", ago=10))
    async with asyncio.timeout(DEADLINE), live_of(script, since=3600.0) as live:
        shown: set[str] = set()
        async for batch in live.batches():
            shown |= {one.item.metadata.name for one in batch.changed}
            shown -= {key[1].split("\0")[2] for key in batch.removed}
            if shown == {"b"}:
                await live.reach(0.0)
            elif shown == {"a", "b"}:
                break
        await live.reach(5.0)
        async for batch in live.batches():
            shown -= {key[1].split("\0")[2] for key in batch.removed}
            if not shown:
                break
    assert len(script.asked) == 1


class TwoApis(Script):
    """Of one cluster: what each API says."""

    def __init__(self) -> None:
        super().__init__()
        self.core, self.newer, self.warnings = Script(), Script(), Script()

    def table(self, query: Query, *, interval: float = 0.1) -> Any:
        self.asked.append(query)
        if query.kind == "events":
            return self.core
        return self.warnings if "type" in query.fields else self.newer


async def shown(live: LiveEvents, reached: Any) -> Status:
    """The cluster's status as soon as ``reached`` says so."""
    async with asyncio.timeout(DEADLINE), live:
        async for batch in live.batches():
            if reached(batch.statuses["id-eu"]):
                return batch.statuses["id-eu"]
    raise AssertionError("it ended")


async def test_who_may_read_the_newer_api_only_sees_events() -> None:
    fleet = TwoApis()
    fleet.core.say(state=State.FORBIDDEN)
    fleet.newer.say(row("a", count=3))
    live = live_of(fleet, kind="pods", names=("api-1",))
    status = await shown(live, lambda now: now.state is State.LIVE)
    assert not status.covers
    assert [query.fields for query in fleet.asked] == [
        "involvedObject.kind=Pod,involvedObject.name=api-1",
        "regarding.kind=Pod,regarding.name=api-1",
    ]


@pytest.mark.parametrize("newer", [State.FORBIDDEN, State.NOT_FOUND])
async def test_forbidden_is_who_may_read_neither(newer: State) -> None:
    fleet = TwoApis()
    fleet.core.say(state=State.FORBIDDEN)
    fleet.newer.say(state=newer)
    told: list[State] = []
    status = await shown(live_of(fleet), lambda now: told.append(now.state) or now.state is State.FORBIDDEN)
    assert status.state is State.FORBIDDEN
    assert set(told) == {State.SYNCING, State.FORBIDDEN}, "and not before both were asked"


async def test_too_many_by_the_newer_api_are_warnings_only_too() -> None:
    fleet = TwoApis()
    fleet.core.say(state=State.FORBIDDEN)
    fleet.newer.say(state=State.TOO_LARGE)
    fleet.warnings.say(row("a"))
    status = await shown(live_of(fleet), lambda now: now.state is State.LIVE)
    assert status.covers == WARNINGS_ONLY
    assert [(query.kind, query.fields) for query in fleet.asked] == [
        ("events", ""),
        ("events.events.k8s.io", ""),
        ("events.events.k8s.io", "type!=Normal"),
    ]
