"""Programs that clusters want to run: asked about once, off by default, never agreed to by accident."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.fleet.programs import wanting
from backend.kube.status import State, Status
from backend.text import safe_text
from console.application import NavarchApp
from console.sessions import FileSession
from tests.fleet.registry.conftest import Kubeconfig
from tests.fleet.registry.test_review import exec_user, plugin
from tests.fleet.test_programs import member, program
from tests.ui.double import NAMES, NOW, FleetDouble, SessionDouble, live
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.test_pictures import counted_live

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


def waiting(folder: Path) -> SessionDouble:
    session = SessionDouble()
    command = program(folder)
    session.waiting = wanting([member("a", command), member("b", command), member("c", command, "more")])
    return session


async def test_nothing_is_agreed_to_by_enter_or_escape(open_app: Open, tmp_path: Path) -> None:
    session = waiting(tmp_path)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        text = await see(pilot, "Programs that want to run", "wanted by a, b")
        assert "[x]" not in text
        await pilot.press("space", "enter", "enter")
        await see(pilot, "space switches", "[x]")
        assert not session.allowed
        await pilot.press("escape")
        await see(pilot, "No program was allowed")
        assert not session.allowed
        await pilot.press("P")
        await see(pilot, "Programs that want to run")
        await pilot.press("ctrl+s")
        await see(pilot, "No program was allowed")
        assert not session.allowed


async def test_what_was_switched_on_is_allowed_and_the_fleet_made_anew(
    open_app: Open, tmp_path: Path
) -> None:
    session = waiting(tmp_path)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "Programs that want to run")
        session.fleet, before = FleetDouble(), session.fleet
        await pilot.press("down", "space", "ctrl+s")
        await see(pilot, "these may run")
        assert [p.clusters for p in session.allowed] == [("c",)]
        await until(pilot, lambda: before.closed and app.fleet_now is session.fleet)


async def test_a_person_who_types_is_not_interrupted(open_app: Open, tmp_path: Path) -> None:
    session = waiting(tmp_path)
    real, session.waiting = session.waiting, ()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        session.waiting = real
        await write(pilot, ":po")
        from console.screens.programs import look_for_programs

        app.run_worker(look_for_programs(app, ask=True))
        await see(pilot, "press P")
        assert "Programs that want" not in screen_text(app)


async def test_a_file_in_memory_runs_a_program_only_after_a_yes(
    open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    runs, marker = plugin(tmp_path)
    file = Kubeconfig(tmp_path)
    file.add("cloud", exec_user(str(runs)), server="https://127.0.0.1:1")
    file.add("plain", {"token": "t"}, server="https://127.0.0.1:1")
    app = open_app(FileSession(file.path))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "Programs that want to run", str(runs), "wanted by cloud")
        await pilot.press("escape")
        await gone(pilot, "Programs that want to run")
        await pilot.press("S")
        await see(pilot, "approved", "Press P")  # as one word: lines wrap by the length of the path
        assert not marker.exists()
        await pilot.press("P")
        await see(pilot, "Programs that want to run")
        await pilot.press("space", "ctrl+s")
        await see(pilot, "these may run")
        await until(pilot, marker.exists)
        await pilot.press("S")
        await see(pilot, "ExecCredential")  # it ran, and what it printed is none


async def test_states_say_what_to_do_and_enter_shows_all(open_app: Open) -> None:
    status = Status(
        state=State.AUTH,
        since=NOW,
        detail=safe_text("the exec plugin failed"),
        more=safe_text("token expired\nrun: login --again", multiline=True),
    )
    session = SessionDouble(FleetDouble(statuses={**live(*NAMES), "id-edge-7": status}))
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "2/3 live")
        await pilot.press("S")
        await see(pilot, "navarch cluster login edge-7", "r connect again")
        await pilot.press("enter")
        await see(pilot, "token expired", "run: login --again")
        await pilot.press("escape")
        await gone(pilot, "token expired")
        session.fleet, before = FleetDouble(), session.fleet
        await pilot.press("r")
        await see(pilot, "3/3 live")
        await until(pilot, lambda: before.closed)


async def test_the_states_follow_what_happens_while_they_are_shown(open_app: Open) -> None:
    lost = Status(state=State.UNREACHABLE, since=NOW, detail=safe_text("no answer"))
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "3/3 live")
        await counted_live(pilot, 3)
        await pilot.press("S", "down")
        await see(pilot, "Clusters ─", "▸ ● prod-eu")
        watched = [table for query, table in session.fleet.tables if query.clusters == ("id-prod-us",)]
        for table in watched:
            table.push(statuses={"id-prod-us": lost})
        await see(pilot, "○ prod-us  UNREACHABLE", "▸ ● prod-eu")
