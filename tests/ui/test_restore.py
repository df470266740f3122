"""The console opens where it was left: view, filter, order, cursor, marks, the way back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from backend.fleet.query import Query
from backend.fleet.search_terms import parse_search
from console.application import NavarchApp
from console.restoring import found_again, left
from console.session import Gate
from console.settings import Settings
from console.views import FleetView, History, JournalView, ResourcesView, SearchView
from tests.ui.double import SessionDouble
from tests.ui.seeing import screen_text, see, until, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def leave_somewhere(pilot: Pilot[None]) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, ":pods @prod-eu -n pay --sort AGE")
    await pilot.press("enter")
    await see(pilot, "10 rows")
    await write(pilot, "/api")
    await pilot.press("enter")
    await pilot.press("space", "down", "space", "down")
    await see(pilot, "2 marked")


async def quit(pilot: Pilot[None], session: SessionDouble) -> None:
    await pilot.press("ctrl+q")
    await until(pilot, lambda: session.ended)


async def test_the_next_run_begins_where_this_one_ended(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await leave_somewhere(pilot)
        row = app.screen.table.row.key  # type: ignore[attr-defined]
        await quit(pilot, session)
    again = open_app(session)
    async with again.run_test(size=SIZE) as pilot:
        await see(pilot, "10 rows", "@prod-eu", "-n pay", "/api", "2 marked")
        screen = again.screen
        assert screen.rows.sort.name == "AGE"  # type: ignore[attr-defined]
        await until(pilot, lambda: screen.table.row.key == row)  # type: ignore[attr-defined]
        await pilot.press("[")
        await see(pilot, "3 clusters")


async def test_an_open_object_is_there_again(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await leave_somewhere(pilot)
        await pilot.press("y")
        await see(pilot, "apiVersion")
        await quit(pilot, session)
    async with open_app(session).run_test(size=SIZE) as pilot:
        await see(pilot, "apiVersion", "(yaml)")
        await pilot.press("escape")
        await see(pilot, "10 rows")


async def test_nothing_of_it_is_asked_for_while_the_vault_is_locked(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await leave_somewhere(pilot)
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked")
        assert session.belongings.view, "it was kept before the vault was locked"
        assert "prod-eu" not in screen_text(app)
        await write(pilot, "correct horse")
        await pilot.press("enter")
        await see(pilot, "10 rows", "@prod-eu", "2 marked")
    locked = SessionDouble(gate=Gate.LOCKED)
    locked.belongings.view = session.belongings.view
    async with (other := open_app(locked)).run_test(size=SIZE) as pilot:
        await see(pilot, "the vault is locked")
        assert other.history.views == []


async def test_it_can_be_switched_off(open_app: Open) -> None:
    session = SessionDouble()
    settings = Settings()
    settings.set(("restore",), False)
    app = open_app(session, settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await leave_somewhere(pilot)
        await quit(pilot, session)
    assert session.belongings.view == b""
    session.belongings.view = left(History([JournalView()], 0))
    async with open_app(session, settings=settings).run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"at":0,"views":[["Nonsense",{}]]}', b"x" * 300_000])
async def test_what_is_not_understood_opens_home(open_app: Open, data: bytes) -> None:
    session = SessionDouble()
    session.belongings.view = data
    async with open_app(session).run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")


async def test_a_vault_that_fails_opens_home_and_lets_one_leave(open_app: Open) -> None:
    session = SessionDouble()

    def fails(*_: object) -> bytes:
        raise OSError("the disk is gone")

    session.belongings.last_view = fails  # type: ignore[method-assign, assignment]
    session.belongings.keep_view = fails  # type: ignore[method-assign, assignment]
    async with open_app(session).run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await quit(pilot, session)


def test_views_go_there_and_back_and_searches_are_left_out() -> None:
    pods = ResourcesView(Query(kind="pods", match="x"), ("c", "u"), problems=True, marks=(("c", "u"),))
    history = History([FleetView(), SearchView(parse_search("x")), pods, JournalView()], 2)
    found = found_again(left(history))
    assert found is not None
    assert found.views == [FleetView(), pods, JournalView()]
    assert found.at == 1


def test_a_long_history_keeps_what_is_near() -> None:
    views = [ResourcesView(Query(kind=f"kind{number}")) for number in range(100)]
    found = found_again(left(History(list(views), 60)))
    assert found is not None
    assert len(found.views) == 30
    assert found.views[found.at] == views[60]
