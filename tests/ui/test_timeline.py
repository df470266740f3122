"""One object's timeline: events beside changes, what stands out above them; live, filtered, by range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from backend.kube.errors import Unreachable
from backend.observe.timeline.happening import Happening
from console.application import NavarchApp
from console.screens.timeline import TimelineScreen
from console.views import EventsView, LogsView, ObjectRef
from tests.ui.double import (
    NOW,
    FleetDouble,
    SessionDouble,
    default_objects,
    deployment,
    metadata,
    pod,
    rows_of,
    stamp,
)
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.test_events import event
from tests.ui.test_pictures import SIZES, compare, fits

Open = Callable[..., NavarchApp]


def replica_set(name: str, revision: int, image: str, *, minutes: float) -> dict[str, Any]:
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "web",
        "uid": "uid-pay-web",
        "controller": True,
    }
    return {
        "metadata": metadata(
            name,
            "pay",
            minutes=minutes,
            ownerReferences=[owner],
            annotations={"deployment.kubernetes.io/revision": str(revision)},
        ),
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": "main", "image": image}]}},
        },
    }


def web_pod(name: str, of: str, *, waiting: str = "", minutes: float = 10) -> dict[str, Any]:
    made = pod(name, "pay", waiting=waiting, restarts=3 if waiting else 0, minutes=minutes)
    made["metadata"]["labels"] = {"app": "web"}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": of, "uid": f"uid-pay-{of}"}
    made["metadata"]["ownerReferences"] = [owner | {"controller": True}]
    return made


def objects() -> dict[str, list[dict[str, Any]]]:
    found = default_objects()
    found["deployments"] = [deployment("web", "pay")]
    found["replicasets"] = [
        replica_set("web-1", 1, "shop/web:2.0", minutes=9000),
        replica_set("web-2", 2, "shop/web:2.1", minutes=12),
    ]
    found["pods"] = [
        web_pod("web-2-aaaaa", "web-2", waiting="CrashLoopBackOff", minutes=11.5),
        web_pod("web-1-bbbbb", "web-1", minutes=9000),
    ]
    found["events"] = [
        event("scaled", "Deployment/pay/web", "ScalingReplicaSet", type="Normal", ago=12),
        event("crash", "Pod/pay/web-2-aaaaa", "BackOff", count=31, ago=1, firstTimestamp=stamp(11)),
        event("gone", "Pod/pay/web-2-ccccc", "Killing", type="Normal", ago=10),
        event("other", "Pod/pay/api-000-6c9f7d8b5c-x0000", "Pulled", type="Normal", ago=3),
    ]
    for one in found["events"]:
        if one["involvedObject"]["kind"] == "Deployment":
            one["involvedObject"]["apiVersion"] = "apps/v1"
    return found


def session() -> SessionDouble:
    return SessionDouble(FleetDouble(objects(), names=("prod-eu",)))


def web(**more: Any) -> EventsView:
    from backend.fleet.owners import known_resource

    resource = known_resource("apps", "Deployment")
    assert resource is not None
    ref = ObjectRef(
        cluster_id="id-prod-eu",
        cluster="prod-eu",
        resource=resource,
        namespace="pay",
        name="web",
        uid="uid-pay-web",
    )
    return EventsView(ref=ref, **more)


def lines(app: NavarchApp) -> list[Happening]:
    table = cast("TimelineScreen", app.screen).table
    return cast("list[Happening]", list(table.source.window(0, len(table.source))))


LIKELY = "likely related: revision 2"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_pictures(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(session())
    async with app.run_test(size=size) as pilot:
        await see(pilot, "1/1 live")
        app.show(web())
        await see(pilot, LIKELY, "Killing", "l logs", "┘")
        compare(f"timeline-{size[0]}x{size[1]}", screen_text(app))
        fits(screen_text(app), *size)
        await write(pilot, "/revision")
        await pilot.press("enter", "enter")
        compare(
            f"timeline-line-{size[0]}x{size[1]}", await see(pilot, "Known from:", "image main: 2.0 → 2.1")
        )


async def test_events_of_relatives_are_there_and_no_others(open_app: Open) -> None:
    app = open_app(session())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web())
        await see(pilot, LIKELY, "Killing", "ScalingReplicaSet")
        assert {one.subject.name for one in lines(app)} == {"web", "web-2", "web-2-aaaaa", "web-2-ccccc"}
        text = screen_text(app)
        assert "It is bad since BackOff of pod/web-2-aaaaa" in text
        assert "60s before the first BackOff; 1 of 1 pods of this revision have problems" in " ".join(
            text.split()
        )


async def test_what_comes_is_shown_and_filters_hold(open_app: Open) -> None:
    app = open_app(session())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web())
        await see(pilot, LIKELY, "Killing")
        table = app.session.fleet.latest("events")  # type: ignore[attr-defined]
        fresh = event("new", "Pod/pay/web-2-aaaaa", "Unhealthy", ago=0)
        table.push(*rows_of("events", [fresh], cluster="prod-eu"))
        await see(pilot, "Unhealthy")
        await pilot.press("z")
        await gone(pilot, "Killing")
        await see(pilot, "Unhealthy", "revision 2", "problems and changes only")
        await pilot.press("escape")
        await see(pilot, "Killing")
        await write(pilot, "/killing")
        await gone(pilot, "Unhealthy")


async def test_v_anywhere_leads_here_and_a_line_leads_to_its_object(open_app: Open) -> None:
    app = open_app(session())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        await write(pilot, ":deploy")
        await pilot.press("enter")
        await see(pilot, "· 1 row")
        await pilot.press("v")
        await see(pilot, LIKELY, "Killing")
        await write(pilot, "/revision")
        await pilot.press("enter", "o")
        await see(pilot, "(describe)", "web-2")
        await pilot.press("escape")
        await see(pilot, LIKELY, "/revision")


async def test_it_stands_on_the_moment_that_was_asked_about(open_app: Open) -> None:
    app = open_app(session())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web(around=NOW - 605))
        await see(pilot, LIKELY, "Killing")
        screen = cast("TimelineScreen", app.screen)
        await until(pilot, lambda: screen.table.row is not None and screen.table.row.title == "Killing")


async def test_an_object_that_is_gone_keeps_what_is_known(open_app: Open) -> None:
    found = objects()
    found["deployments"] = []
    app = open_app(SessionDouble(FleetDouble(found, names=("prod-eu",))))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web())
        await see(pilot, "This object is gone", "ScalingReplicaSet")


async def test_the_range_and_an_empty_timeline(open_app: Open) -> None:
    found = objects()
    found["events"], found["pods"] = [], []
    app = open_app(SessionDouble(FleetDouble(found, names=("prod-eu",))))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web(since=60.0))
        await see(pilot, "Nothing is known to have happened here", "No problem is known")
        await pilot.press("W", "down", "down", "enter")
        await see(pilot, "revision 2")


async def test_a_moment_long_ago_widens_the_range(open_app: Open) -> None:
    app = open_app(session())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web(around=NOW - 2 * 3600))
        await see(pilot, "the last 6 hours", "revision 2")


async def test_l_opens_the_logs_around_the_line_s_moment(open_app: Open) -> None:
    app = open_app(session())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web())
        await see(pilot, LIKELY, "Killing", "⏎ open")
        await write(pilot, "/killing")
        await pilot.press("enter")
        await see(pilot, "1 of 6 lines")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.history.views[app.history.at], LogsView))
        view = cast("LogsView", app.history.views[app.history.at])
        assert view.around == NOW - 600
        (query,) = view.selection.queries
        assert query.names == ("web-2-ccccc",)


async def test_where_nobody_answers_nothing_is_said_to_be_well(open_app: Open) -> None:
    """What is known of the object itself is shown; that there is no problem is not known."""
    double = FleetDouble(objects(), names=("prod-eu",))

    async def refuse(*_: Any, **__: Any) -> bytes:
        raise Unreachable("prod-eu", "192.0.2.1 refused the connection")

    double.client("id-prod-eu").get = refuse
    app = open_app(SessionDouble(double))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1/1 live")
        app.show(web())
        text = await see(pilot, "can't be read now", "ScalingReplicaSet", "refused the connection")
        assert "No problem is known" not in text
        assert "Killing" not in text
