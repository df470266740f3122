"""Views that were left a moment ago: instantly back, never wrong, never too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.fleet import warm
from backend.fleet.batch import Batch
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, TableColumn, table_columns
from backend.fleet.warm import LiveView, WarmViews
from backend.kube.errors import TooLarge
from backend.kube.memory import Memory
from backend.kube.status import Status
from backend.resources.kinds.pod import KIND
from tests.fleet.samples import pod_row
from tests.kube.simulation import LoopClock, simulate

PODS, NODES = Query(kind="pods"), Query(kind="nodes")


class Table:
    """A table whose cluster is this test."""

    def __init__(self, query: Query, *, rows: int = 0, watches: int = 1) -> None:
        self.query = query
        self.rows: dict[RowKey, Row] = {}
        self.statuses: dict[str, Status] = {}
        self.columns: tuple[TableColumn, ...] = table_columns([KIND])
        self.watches = watches
        self.open = False
        self._changed: dict[RowKey, Row] = {}
        self._removed: set[RowKey] = set()
        for number in range(rows):
            self.put(pod_row(f"{query.kind}-{number}"))

    @property
    def weight(self) -> int:
        return 1000 * len(self.rows)

    def put(self, row: Row) -> None:
        self.rows[row.key] = self._changed[row.key] = row
        self._removed.discard(row.key)

    def drop(self, key: RowKey) -> None:
        if self.rows.pop(key, None) is not None:
            self._changed.pop(key, None)
            self._removed.add(key)

    def take(self) -> Batch:
        batch = Batch(changed=tuple(self._changed.values()), removed=tuple(self._removed), statuses={})
        self._changed, self._removed = {}, set()
        return batch

    async def batches(self) -> AsyncGenerator[Batch, None]:
        while True:
            yield self.take()
            await asyncio.sleep(0.1)

    async def __aenter__(self) -> Table:
        self.open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.open = False


class Stage:
    """Warm views over tables that are remembered."""

    def __init__(self, *, rows: int = 3, watches: int = 1) -> None:
        self.tables: list[Table] = []
        self.memory = Memory(most=10 << 20)
        self._rows, self._watches = rows, watches
        self.views = WarmViews(self._open, memory=self.memory, clock=LoopClock().now)

    def _open(self, query: Query, interval: float) -> Table:
        self.tables.append(Table(query, rows=self._rows, watches=self._watches))
        return self.tables[-1]

    async def look(self, query: Query, *, batches: int = 1) -> LiveView:
        """Look at it until so many batches were taken in."""
        async with self.views.show(query) as live, aclosing(live.batches()) as coming:
            for _ in range(batches):
                live.view.apply(await anext(coming))
        return live

    @property
    def open(self) -> list[str]:
        return [table.query.kind for table in self.tables if table.open]


def test_going_back_lists_nothing_again_and_has_its_rows_at_once() -> None:
    async def scenario() -> None:
        stage = Stage()
        live = await stage.look(PODS)
        await stage.look(NODES)
        found = stage.views.peek(Query(kind="pods", match="api", sort="NAME"))
        assert found is live
        assert len(found.view) == 3
        assert await stage.look(PODS) is live
        assert len(stage.tables) == 2
        await stage.views.aclose()

    simulate(scenario())


def test_another_scope_is_another_subscription() -> None:
    async def scenario() -> None:
        stage = Stage()
        await stage.look(PODS)
        for other in (Query(kind="pods", namespaces=("pay",)), Query(kind="pods", labels="a=b")):
            assert stage.views.peek(other) is None
        await stage.views.aclose()

    simulate(scenario())


def test_marks_do_not_outlive_the_visit() -> None:
    async def scenario() -> None:
        stage = Stage()
        live = await stage.look(PODS)
        live.view.mark_shown()
        assert live.view.marks
        await stage.look(PODS)
        assert not live.view.marks
        await stage.views.aclose()

    simulate(scenario())


def test_a_view_that_stays_left_is_closed() -> None:
    async def scenario() -> None:
        stage = Stage()
        await stage.look(PODS)
        await asyncio.sleep(warm.KEPT - 1)
        assert stage.open == ["pods"]
        await asyncio.sleep(20)
        assert stage.open == []
        assert stage.views.peek(PODS) is None
        await stage.look(PODS)
        assert len(stage.tables) == 2
        await stage.views.aclose()

    simulate(scenario())


@pytest.mark.parametrize(("rows", "watches"), [(3, 1), (1, 100), (500, 1)])
def test_what_is_too_much_goes_the_longest_left_first(
    rows: int, watches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four views are kept, or as many as have 300 watches or (here) 2,000 rows with what is shown."""
    monkeypatch.setattr(warm, "MOST_BYTES", 2_000_000)
    kept = {(3, 1): 4, (1, 100): 3, (500, 1): 4}[rows, watches]

    async def scenario() -> None:
        stage = Stage(rows=rows, watches=watches)
        for number in range(8):
            await stage.look(Query(kind=f"kind-{number}"))
            await asyncio.sleep(1)
        assert stage.open == [f"kind-{number}" for number in range(8 - kept, 8)]
        async with stage.views.show(Query(kind="new")):
            await asyncio.sleep(0)
            shown = sum(table.watches for table in stage.tables if table.open)
            held = sum(len(table.rows) for table in stage.tables if table.open)
            assert shown <= warm.MOST_WATCHES
            assert held <= 2_000
        await stage.views.aclose()

    simulate(scenario())


def test_a_warm_view_that_grows_too_large_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "MOST_BYTES", 10_000)

    async def scenario() -> None:
        stage = Stage()
        await stage.look(PODS)
        for number in range(20):
            stage.tables[0].put(pod_row(f"more-{number}"))
        await asyncio.sleep(10)
        assert stage.open == []
        await stage.views.aclose()

    simulate(scenario())


def test_what_nobody_looks_at_goes_first_when_memory_is_full() -> None:
    async def scenario() -> None:
        stage = Stage()
        await stage.look(PODS)
        await stage.look(NODES)
        assert stage.open == ["pods", "nodes"]
        share = stage.memory.share("prod-eu")
        for left in (["nodes"], []):
            share.hold(share.bytes + stage.memory.most + 1, what="pods")
            share.hold(share.bytes + 1, what="pods")  # it is being closed: no reason to refuse
            await asyncio.sleep(0.1)
            assert stage.open == left
        with pytest.raises(TooLarge, match="all that is kept would weigh more"):
            share.hold(share.bytes + stage.memory.most, what="pods")
        await stage.views.aclose()

    simulate(scenario())


def test_a_pinned_view_stays_until_it_is_let_go() -> None:
    async def scenario() -> None:
        stage = Stage()
        await stage.look(PODS)
        stage.views.pin(
            replace(PODS, match="crash", sort="NAME"), True
        )  # filter and order are not what it is
        assert stage.views.pinned(PODS)
        for number in range(6):
            await stage.look(Query(kind=f"kind-{number}"))
            await asyncio.sleep(warm.KEPT)
        await asyncio.sleep(0)
        assert stage.open == ["pods"]
        stage.views.pin(PODS, False)
        await asyncio.sleep(0)
        assert "pods" not in stage.open
        await stage.views.aclose()

    simulate(scenario())


def test_pinned_views_are_the_last_to_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "MOST_BYTES", 10_000)

    async def scenario() -> None:
        stage = Stage(rows=4)
        await stage.look(PODS)
        stage.views.pin(PODS, True)
        await stage.look(NODES)
        await stage.look(Query(kind="events"))
        await asyncio.sleep(0.1)
        assert stage.open == ["pods", "events"]
        share = stage.memory.share("prod-eu")
        for left in (["pods"], []):
            share.hold(share.bytes + stage.memory.most + 1, what="pods")
            await asyncio.sleep(0.1)
            assert stage.open == left
        await stage.views.aclose()

    simulate(scenario())


def test_one_query_on_two_screens_at_once() -> None:
    async def scenario() -> None:
        stage = Stage()
        async with stage.views.show(PODS) as first, stage.views.show(PODS) as second:
            assert first is not second
        await asyncio.sleep(0)
        assert len(stage.open) == 1
        await stage.views.aclose()
        await asyncio.sleep(0)
        assert stage.open == []

    simulate(scenario())


def test_a_view_left_after_the_fleet_was_closed_is_closed_too() -> None:
    async def scenario() -> None:
        stage = Stage()
        async with stage.views.show(PODS):
            await stage.views.aclose()
            assert stage.open == ["pods"]
        await asyncio.sleep(0)
        assert stage.open == []

    simulate(scenario())


acts = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 30), st.integers(0, 3)),
        st.tuples(st.just("drop"), st.integers(0, 30)),
        st.tuples(st.just("look"), st.integers(1, 3)),
        st.tuples(st.just("torn")),
    ),
    max_size=40,
)


@settings(max_examples=100)
@given(acts)
def test_whatever_happened_meanwhile_the_view_ends_equal_to_the_table(
    script: list[tuple[object, ...]],
) -> None:
    """Also when a look ended within a batch: what was handed out and not applied must not be lost."""

    async def scenario() -> None:
        stage = Stage(rows=5)
        await stage.look(PODS)
        table = stage.tables[0]
        for act in script:
            match act:
                case ("put", int(number), int(restarts)):
                    table.put(pod_row(f"pods-{number}", restarts=restarts))
                case ("drop", int(number)):
                    table.drop(pod_row(f"pods-{number}").key)
                case ("look", int(batches)):
                    await stage.look(PODS, batches=batches)
                case ("torn",):
                    async with stage.views.show(PODS) as live, aclosing(live.batches()) as coming:
                        batch = await anext(coming)
                        live.view.apply(Batch(changed=batch.changed[:1], statuses={}))
        live = await stage.look(PODS)
        assert live.view.rows == table.rows
        assert live.view.all() == sorted(table.rows.values(), key=lambda row: row.place)
        await stage.views.aclose()

    simulate(scenario())
