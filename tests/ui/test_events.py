"""The screen of events: grouped, problems first, by range; a row opens its events, object and history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from backend.observe.events.disk import StoreError
from backend.observe.events.key import EventKey
from backend.observe.events.seen import Seen
from backend.observe.events.store import EventStore, Limits
from backend.text import safe_text
from console.application import NavarchApp
from console.screens.events import EventsScreen
from console.settings import Settings
from console.views import EventsView, LogsView
from tests.ui.double import NOW, FleetDouble, SessionDouble, default_objects, rows_of, stamp
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.test_pictures import SIZES, compare, fits

Open = Callable[..., NavarchApp]
POD = "api-005-6c9f7d8b5c-x0005"


def event(
    name: str, about: str, reason: str, *, type: str = "Warning", ago: float = 2, count: int = 1, **more: Any
) -> dict[str, Any]:
    """About ``Pod/pay/api-1``; ``ago``: minutes before NOW."""
    kind, namespace, obj = about.split("/")
    where = namespace or "default"
    return {
        "metadata": {"name": name, "namespace": where, "uid": f"uid-{name}", "resourceVersion": "7"},
        "involvedObject": {"kind": kind, "apiVersion": "v1", "namespace": namespace, "name": obj},
        "type": type,
        "reason": reason,
        "message": f"{reason} of {obj}, and what else there is to say about it",
        "count": count,
        "firstTimestamp": stamp(ago + 30 if count > 1 else ago),
        "lastTimestamp": stamp(ago),
        "source": {"component": "kubelet", "host": "node-1"},
    } | more


EVENTS = [
    event("crash.1", f"Pod/kube-system/{POD}", "BackOff", count=41),
    event("crash.2", f"Pod/kube-system/{POD}", "BackOff", ago=9, message="other words"),
    event("probe", f"Pod/kube-system/{POD}", "Unhealthy", ago=4, message="Readiness probe failed: 503"),
    event("lost", "Node//node-3", "NodeNotReady", type="Normal", ago=12),
    event("pulled", "Pod/pay/api-000-6c9f7d8b5c-x0000", "Pulled", type="Normal", ago=1),
    event("old", "Pod/pay/api-003-6c9f7d8b5c-x0003", "FailedMount", ago=200),
    event("own", "Gadget/pay/g-1", "Odd", ago=3),
]


def session() -> SessionDouble:
    objects = default_objects()
    objects["events"] = EVENTS
    return SessionDouble(FleetDouble(objects, names=("prod-eu",)))


def no_pane() -> Settings:
    settings = Settings()
    settings.keep(("pane",), False)
    return settings


def screen_of(app: NavarchApp) -> EventsScreen:
    return cast("EventsScreen", app.screen)


def reasons(app: NavarchApp) -> list[str]:
    return [row.item.reason for row in cast("list[Any]", screen_of(app).rows.all())]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_pictures(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=size) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "the last hour", "5 rows", "2 failing", "2 warning", "l logs")
        compare(f"fleet-events-{size[0]}x{size[1]}", screen_text(app))
        fits(screen_text(app), *size)
        await pilot.press("enter")
        compare(f"event-group-{size[0]}x{size[1]}", await see(pilot, "other words", "First seen"))
        await pilot.press("escape", "W")
        compare(f"event-range-{size[0]}x{size[1]}", await see(pilot, "all that is known"))


async def test_problems_come_first_whatever_their_type(open_app: Open) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        await write(pilot, ":events")
        await pilot.press("enter")
        await see(pilot, "5 rows")
        assert reasons(app) == ["BackOff", "NodeNotReady", "Odd", "Unhealthy", "Pulled"]
        await pilot.press("z")
        await see(pilot, "4 of 5 rows", "problems only")
        await pilot.press("escape")
        await see(pilot, "5 rows")
        await write(pilot, "/probe")
        await see(pilot, "1 of 5 rows")


async def test_the_range_reaches_back_and_comes_back_with_the_view(open_app: Open) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "5 rows")
        await pilot.press("W", "down", "down", "enter")
        await see(pilot, "the last day", "6 rows", "FailedMount")
        await pilot.press("W", *["up"] * 3, "enter")
        await see(pilot, "the last 15 minutes", "5 rows")
        await pilot.press("H")
        await see(pilot, "NODES")
        await pilot.press("[")
        await see(pilot, "the last 15 minutes")


async def test_repeated_events_count_and_forgotten_ones_stay(open_app: Open) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "5 rows")
        table = app.session.fleet.latest("events")  # type: ignore[attr-defined]
        again = EVENTS[0] | {"count": 55, "metadata": EVENTS[0]["metadata"] | {"resourceVersion": "8"}}
        table.push(*rows_of("events", [again], cluster="prod-eu"))
        await see(pilot, "56")
        keys = [row.key for row in rows_of("events", EVENTS, cluster="prod-eu")]
        table.push(removed=keys)
        table.push(
            *rows_of("events", [event("new", "Pod/pay/x", "Killing", type="Normal")], cluster="prod-eu")
        )
        await see(pilot, "6 rows", "Killing", "BackOff")


async def test_the_object_of_a_row(open_app: Open) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "5 rows")
        await pilot.press("o")
        await see(pilot, "(describe)", POD)
        await pilot.press("escape")
        await see(pilot, "5 rows")
        await pilot.press("down", "down")  # a kind that only its cluster knows
        assert screen_of(app).current is None
        await pilot.press("o")
        await see(pilot, "there is no kind Gadget")


async def test_the_plain_list_of_the_kind_is_still_there(open_app: Open) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        await write(pilot, ":events.v1")
        await pilot.press("enter")
        await see(pilot, "7 rows")
        assert not isinstance(app.screen, EventsScreen)


async def test_the_pane_tells_the_row_s_events(open_app: Open) -> None:
    app = open_app(session())
    async with app.run_test(size=(200, 50)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "First seen:", "other words")
        await pilot.press("down")
        await see(pilot, "NodeNotReady of node-3, and what else there is to say about it")
        await gone(pilot, "other words")


async def test_empty_says_what_to_press(open_app: Open) -> None:
    app = open_app(SessionDouble(FleetDouble(names=("prod-eu",))), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "There are no events here", "Shown is the last hour; press W for more")


async def test_acts_meet_each_object_once(open_app: Open) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "5 rows")
        await pilot.press("*")
        names = [ref.name for ref in screen_of(app).chosen()]
        assert sorted(names) == sorted([POD, "node-3", "api-000-6c9f7d8b5c-x0000"])


async def test_l_opens_the_logs_around_the_event(open_app: Open) -> None:
    app = open_app(session(), settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "5 rows", "⏎ open")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.history.views[app.history.at], LogsView))
        view = cast("LogsView", app.history.views[app.history.at])
        assert view.around == NOW - 120


async def test_locking_writes_down_what_waits_and_forgets_the_key(open_app: Open, tmp_path: Path) -> None:
    store = EventStore(tmp_path / "events", EventKey(b"k" * 32), limits=Limits(days=366 * 50))
    mine = session()
    mine.belongings.event_store = lambda **_: (store, safe_text(""))  # type: ignore[method-assign]
    app = open_app(mine, settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "5 rows")
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked")
        await until(pilot, lambda: bytes(store._key.seal) == bytes(32), what="the key is forgotten")
    again = EventStore(tmp_path / "events", EventKey(b"k" * 32), limits=Limits(days=366 * 50))
    assert len(again.load("id-prod-eu")) == len(EVENTS)


async def test_a_disk_that_is_full_is_said_once_and_events_are_shown(open_app: Open, tmp_path: Path) -> None:
    class Full(EventStore):
        def append(self, cluster_id: str, events: Sequence[Seen]) -> int:
            raise StoreError("events can't be kept: No space left on device")

    mine = session()
    store = Full(tmp_path / "events", EventKey(b"k" * 32))
    mine.belongings.event_store = lambda **_: (store, safe_text(""))  # type: ignore[method-assign]
    app = open_app(mine, settings=no_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(EventsView())
        await see(pilot, "5 rows")
        history = await app.events.history(await app.fleet())
        await history.flush()
        table = app.session.fleet.latest("events")  # type: ignore[attr-defined]
        table.push(
            *rows_of("events", [event("new", "Pod/pay/x", "Killing", type="Normal")], cluster="prod-eu")
        )
        await see(pilot, "6 rows", "not all is kept", "No space left on device")
