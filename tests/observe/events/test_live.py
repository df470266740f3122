"""Live events over the simulated fleet: merged, grouped, remembered, written down; servers that restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.view import TableView
from backend.kube.reflector import Reflector
from backend.kube.status import State
from backend.observe.events.group import COLUMNS, WORST_FIRST, Group
from backend.observe.events.history import EventHistory
from backend.observe.events.live import WARNINGS_ONLY, LiveEvents
from backend.observe.events.selection import Selection
from backend.observe.events.store import EventStore
from backend.resources.kinds.event import KIND
from backend.vault import Vault
from backend.vault.kdf import fresh_params
from tests.fleet.running_demo import Demo

DEADLINE = 30.0


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(demo.kubeconfig)[0]) as opened:
        yield opened


class Watched:
    """Live events and the view that follows them."""

    def __init__(self, live: LiveEvents) -> None:
        self.live = live
        self.view = TableView(COLUMNS)
        self.view.sort_by(WORST_FIRST)

    def groups(self) -> list[Group]:
        return [row.item for row in self.view.all() if isinstance(row.item, Group)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), aclosing(self.live.batches()) as batches:
            async for batch in batches:
                self.view.apply(batch)
                if condition():
                    return

    def all_live(self) -> bool:
        return {status.state for status in self.live.statuses.values()} == {State.LIVE}


def event(name: str, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "pay"},
        "involvedObject": {"kind": "Pod", "namespace": "pay", "name": "api-test", "uid": "u"},
        "reason": "BackOff",
        "message": "Back-off",
        "type": "Warning",
        "count": 1,
        "firstTimestamp": "2026-11-30T10:00:00Z",
        "lastTimestamp": "2026-11-30T10:00:00Z",
        "source": {"component": "kubelet"},
    } | more


def new_vault(place: Path) -> Vault:
    kdf = fresh_params(memory=16, passes=1, lanes=1)
    return Vault.create(place / "vault.db", passphrase="a passphrase for events", kdf=kdf)[0]


async def test_clusters_merge_and_a_repeated_event_counts(fleet: Fleet, demo: Demo) -> None:
    history = EventHistory(None)
    selection = Selection(kind="pods", names=("api-test",), namespaces=("pay",))
    async with LiveEvents(fleet, history, Selection(), interval=0.01) as everything:
        seen = Watched(everything)
        await seen.until(lambda: seen.all_live() and len(seen.view) > 5)
        assert {str(row.cluster) for row in seen.view.all()} == set(demo.clusters)
    client = fleet.clusters[0].client
    async with LiveEvents(fleet, history, selection, interval=0.01) as live:
        watched = Watched(live)
        await watched.until(watched.all_live)
        assert len(watched.view) == 0
        await client.create(KIND.resource, event("api-test.1"), namespace="pay")
        await watched.until(lambda: len(watched.view) == 1)
        change = {"count": 7, "lastTimestamp": "2026-11-30T10:30:00Z"}
        await client.patch(KIND.resource, change, name="api-test.1", namespace="pay")
        await watched.until(lambda: [group.count for group in watched.groups()] == [7])
        await client.delete(KIND.resource, "api-test.1", namespace="pay")
        await client.create(KIND.resource, event("api-test.2", reason="Pulled"), namespace="pay")
        await watched.until(lambda: len(watched.view) == 2)
        assert {group.reason for group in watched.groups()} == {"BackOff", "Pulled"}, (
            "servers forget, we don't"
        )
        await client.delete(KIND.resource, "api-test.2", namespace="pay")


async def test_two_views_at_once_both_see_what_one_has_heard(fleet: Fleet) -> None:
    history = EventHistory(None)
    async with (
        LiveEvents(fleet, history, Selection(), interval=0.01) as one,
        LiveEvents(fleet, history, Selection(), interval=0.01) as other,
    ):
        first, second = Watched(one), Watched(other)
        await first.until(first.all_live)
        await second.until(lambda: second.all_live() and len(second.view) >= len(first.view) > 0)


async def test_who_may_not_list_everywhere_sees_the_namespaces_they_may(demo: Demo) -> None:
    members = [m for m in members_of(demo.users_kubeconfig)[0] if m.name.endswith("-team")]
    async with (
        Fleet(members) as fleet,
        LiveEvents(fleet, EventHistory(None), Selection(), interval=0.01) as live,
    ):
        watched = Watched(live)
        await watched.until(lambda: watched.all_live() and len(watched.view) > 0)
        assert {str(row.namespace) for row in watched.view.all()} == {"pay"}
        assert all("forbidden" in status.detail for status in live.statuses.values())


async def test_of_more_events_than_can_be_listed_the_warnings_come(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event storm must not blind whoever looks because of it."""
    stormy = fleet.clusters[0]
    await stormy.client.create(KIND.resource, event("api-test.3"), namespace="pay")
    for number in range(40):
        one = event(f"storm.{number}", type="Normal", reason="Storm")
        await stormy.client.create(KIND.resource, one, namespace="pay")
    monkeypatch.setitem(Reflector.__init__.__kwdefaults__, "max_objects", 40)
    async with LiveEvents(fleet, EventHistory(None), Selection(), interval=0.01) as live:
        watched = Watched(live)
        await watched.until(lambda: live.statuses[stormy.id].state is State.LIVE and len(watched.view) > 0)
        there = [row.item for row in watched.view.all() if row.cluster_id == stormy.id]
        assert {group.type for group in there if isinstance(group, Group)} == {"Warning"}
        assert live.statuses[stormy.id].covers == WARNINGS_ONLY
        await stormy.client.create(KIND.resource, event("api-test.4", reason="Failed"), namespace="pay")
        await watched.until(lambda: any(group.reason == "Failed" for group in watched.groups()))
    monkeypatch.setitem(Reflector.__init__.__kwdefaults__, "max_objects", 1)
    async with LiveEvents(fleet, EventHistory(None), Selection(), interval=0.01) as live:
        watched = Watched(live)
        await watched.until(lambda: live.statuses[stormy.id].state is State.TOO_LARGE)
    for name in ("api-test.3", "api-test.4", *(f"storm.{number}" for number in range(40))):
        await stormy.client.delete(KIND.resource, name, namespace="pay")


async def test_what_was_seen_is_there_in_the_next_console(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    vault, _ = Vault.create(
        tmp_path / "vault.db",
        passphrase="a passphrase for events",
        kdf=fresh_params(memory=16, passes=1, lanes=1),
    )
    async with Fleet(members_of(demo.kubeconfig)[0]) as fleet:
        history = EventHistory(EventStore.beside(vault))
        async with LiveEvents(fleet, history, Selection(), interval=0.01) as live:
            watched = Watched(live)
            await watched.until(lambda: watched.all_live() and len(watched.view) > 5)
        found = set(watched.view.rows)
        await history.aclose()
    async with Fleet(members_of(demo.kubeconfig)[0]) as fleet:
        again = EventHistory(EventStore.beside(vault))
        for cluster in fleet.clusters:
            await again.load(cluster)
        assert again.count > 5
        async with LiveEvents(fleet, again, Selection(), interval=0.01) as live:
            watched = Watched(live)
            await watched.until(lambda: watched.view.rows.keys() >= found)
        await again.aclose()


async def test_a_store_that_refuses_is_told_and_events_are_shown(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    vault, _ = Vault.create(
        tmp_path / "vault.db",
        passphrase="a passphrase for events",
        kdf=fresh_params(memory=16, passes=1, lanes=1),
    )
    history = EventHistory(EventStore.beside(vault))
    (tmp_path / "vault.db.events").write_text("somebody's file")
    async with LiveEvents(fleet, history, Selection(), interval=0.01) as live:
        watched = Watched(live)
        await watched.until(lambda: watched.all_live() and len(watched.view) > 5)
        await history.flush()
        assert "can't be kept" in live.problem
        (tmp_path / "vault.db.events").unlink()
        await history.flush()
        assert live.problem == ""
    await history.aclose()
    assert EventStore.beside(vault).size() > 0
