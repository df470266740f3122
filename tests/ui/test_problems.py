"""``Z``: what is not well, of all clusters; the list never says all is well where nobody answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.kube.status import State, Status
from backend.text import safe_text
from console.application import NavarchApp
from tests.ui.double import NAMES, NOW, FleetDouble, SessionDouble, default_objects, live, node, rows_of
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.test_pictures import SIZES, compare, fits, home, without_pane

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_all_problems_worst_first(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(SessionDouble(), settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await home(pilot)
        await write(pilot, "Z")
        text = await see(pilot, "fleet/problems", "3/3 live", "main: Crash")
        rows = app.screen.rows.all()  # type: ignore[attr-defined]
        assert {row.kind.resource.plural for row in rows} == {"pods", "nodes"}
        assert all(row.health.problem for row in rows)
        healths = [row.health.value for row in rows]
        assert healths == sorted(healths, key=["failing", "warning"].index)
        fits(text, *size)
        compare(f"problems-{size[0]}x{size[1]}", text)


async def test_z_shows_the_rest_and_esc_goes_back(open_app: Open) -> None:
    app = open_app(SessionDouble(), settings=without_pane())
    async with app.run_test(size=SIZE) as pilot:
        await home(pilot)
        await write(pilot, ":problems @prod-eu")
        await pilot.press("enter")
        await see(pilot, "1/1 live", "CrashLoopBackOff")
        few = len(app.screen.rows)  # type: ignore[attr-defined]
        await pilot.press("z")
        await until(pilot, lambda: len(app.screen.rows) > few, what="all rows")  # type: ignore[attr-defined]
        await pilot.press("z", "/", *"crash", "enter")
        await see(pilot, "/crash")
        await pilot.press("escape")  # first what was typed…
        await gone(pilot, "/crash")
        assert len(app.screen.rows) == few  # type: ignore[attr-defined]
        await pilot.press("escape")  # …then the way back
        await home(pilot)


async def test_all_is_well_only_where_all_answer(open_app: Open) -> None:
    objects = {**default_objects(), "pods": [], "nodes": [node("node-1")]}
    fleet = FleetDouble(objects, names=NAMES)
    app = open_app(SessionDouble(fleet), settings=without_pane())
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, "Z")
        await see(pilot, " Nothing is failing or warning.", "3 objects looked at; z shows them.")
        away = Status(state=State.UNREACHABLE, since=NOW - 30, detail=safe_text("no answer from 192.0.2.1"))
        fleet.latest("problems").push(statuses={**live(*NAMES), "id-edge-7": away})
        await see(pilot, "Of what is known, nothing is failing or warning.", "no answer from 192.0.2.1")
        bad = rows_of("nodes", [node("node-9", ready=False)], cluster="prod-eu")
        fleet.latest("problems").push(*bad)
        await see(pilot, "node-9")
        assert "nothing is failing" not in screen_text(app)
