"""Live tables over the simulated fleet: merging, changes, dead clusters, missing rights, missing kinds."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.query import parse_line
from backend.fleet.table import LiveTable
from backend.fleet.view import TableView
from backend.kube.status import State
from backend.resources import registry
from tests.fleet.running_demo import Demo
from tests.fleet.samples import member

DEADLINE = 20.0


class Watched:
    """A table and the view that follows it."""

    def __init__(self, table: LiveTable) -> None:
        self.table = table
        self.view = TableView(table.columns)
        self.states: dict[str, State] = {}

    def names(self) -> list[str]:
        return [str(row.name) for row in self.view.all()]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), aclosing(self.table.batches()) as batches:
            async for batch in batches:
                if batch.columns_changed:
                    self.view.set_columns(self.table.columns)
                self.view.apply(batch)
                for cluster in self.table.clusters:
                    self.states[str(cluster.name)] = batch.statuses[cluster.id].state
                if condition():
                    return

    def live(self) -> bool:
        return set(self.states.values()) == {State.LIVE}


@asynccontextmanager
async def watching(fleet: Fleet, line: str) -> AsyncIterator[Watched]:
    async with fleet.table(parse_line(line), interval=0.01) as table:
        yield Watched(table)


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(demo.kubeconfig)[0]) as opened:
        yield opened


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Accepts connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield server.getsockname()[1]


async def test_a_closed_tables_rows_are_freed_at_once(fleet: Fleet) -> None:
    """Not by the garbage collector's next round: until then the next view would need the memory twice."""
    gc.collect()
    gc.disable()
    try:
        async with watching(fleet, "pods") as watched:
            await watched.until(watched.live)
            row = next(iter(watched.table.rows.values()))
        del watched
        assert sys.getrefcount(row) == 2, "this function's and getrefcount's own"
    finally:
        gc.enable()


async def test_clusters_merge_and_changes_arrive(fleet: Fleet, demo: Demo) -> None:
    async with watching(fleet, "configmaps -n pay") as watched:
        await watched.until(watched.live)
        assert {str(row.cluster) for row in watched.view.all()} == set(demo.clusters)
        assert {str(row.namespace) for row in watched.view.all()} == {"pay"}
        client = fleet.clusters[0].client
        kind = registry.builtin("configmaps")
        assert kind is not None
        made = {"metadata": {"name": "navarch-test"}, "data": {"a": "1"}}
        await client.create(kind.resource, made, namespace="pay")
        await watched.until(lambda: "navarch-test" in watched.names())
        await client.delete(kind.resource, "navarch-test", namespace="pay")
        await watched.until(lambda: "navarch-test" not in watched.names())
        assert watched.view.rows == watched.table.rows


async def test_clusters_of_an_open_table_come_first(fleet: Fleet) -> None:
    one, other = (cluster.id for cluster in fleet.clusters)
    async with fleet.table(parse_line(f"pods @{fleet.clusters[0].name}")):
        assert set(fleet.admission.shown) == {one}
        async with fleet.table(parse_line("pods")):
            assert set(fleet.admission.shown) == {one, other}
        assert set(fleet.admission.shown) == {one}
    assert not fleet.admission.shown


async def test_names_and_globs(fleet: Fleet) -> None:
    async with watching(fleet, "namespaces pa* default") as watched:
        await watched.until(watched.live)
        assert set(watched.names()) == {"pay", "default"}
    async with watching(fleet, "namespaces pay") as watched:
        await watched.until(watched.live)
        assert set(watched.names()) == {"pay"}


async def test_dead_clusters_have_a_state_and_cost_the_living_nothing(demo: Demo, silent_port: int) -> None:
    living = members_of(demo.kubeconfig)[0]
    dead = [
        member("refusing", server="https://127.0.0.1:1"),
        *(member(f"silent-{n}", server=f"https://127.0.0.1:{silent_port}") for n in range(6)),
    ]
    async with Fleet([*dead, *living]) as fleet, watching(fleet, "namespaces") as watched:
        await watched.until(
            lambda: (
                all(watched.states[name] is State.LIVE for name in demo.clusters)
                and watched.states["refusing"] is State.UNREACHABLE
            )
        )
        # The silent ones are still being waited for: nobody else was.
        assert watched.states["silent-0"] in (State.SYNCING, State.UNREACHABLE)
        assert {str(row.cluster) for row in watched.view.all()} == set(demo.clusters)


async def test_who_may_not_list_everywhere_sees_the_namespaces_they_may(demo: Demo) -> None:
    team = [m for m in members_of(demo.users_kubeconfig)[0] if m.name.endswith("-team")]
    async with Fleet(team) as fleet, watching(fleet, "pods") as watched:
        await watched.until(lambda: watched.live() and len(watched.view) > 0)
        assert {str(row.namespace) for row in watched.view.all()} == {"pay"}
        for status in watched.table.statuses.values():
            assert "only pay" in status.detail
    async with Fleet(team) as fleet, watching(fleet, "nodes") as watched:
        await watched.until(lambda: set(watched.states.values()) == {State.FORBIDDEN})
        assert len(watched.view) == 0


async def test_a_kind_that_no_cluster_has_is_a_state(fleet: Fleet) -> None:
    async with watching(fleet, "unicorns") as watched:
        await watched.until(lambda: set(watched.states.values()) == {State.NOT_FOUND})
        assert all("unicorns" in status.detail for status in watched.table.statuses.values())


async def test_kinds_that_only_the_server_can_print(fleet: Fleet) -> None:
    async with watching(fleet, "maintenancewindows") as watched:
        assert [column.name for column in watched.table.columns] == ["CLUSTER"]
        await watched.until(lambda: watched.live() and len(watched.view) > 0)
        titles = [column.name for column in watched.table.columns]
        assert titles[:3] == ["CLUSTER", "NAMESPACE", "NAME"]
        assert titles[-1] == "AGE"
        watched.view.sort_by("NAME")
        assert watched.names() == sorted(watched.names())


async def test_leaving_the_table_ends_its_tasks(fleet: Fleet) -> None:
    before = asyncio.all_tasks()
    async with watching(fleet, "pods") as watched:
        await watched.until(watched.live)
    assert asyncio.all_tasks() <= before
