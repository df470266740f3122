"""The Logs screen on a fleet whose containers wrote nine lines each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from backend.kube.status import State
from backend.observe.logs.selection import LogSelection, parse_logs
from backend.resources.kinds.pod import KIND as POD
from console.application import NavarchApp
from console.restoring import found_again, left
from console.screens import logs
from console.screens.logs import LogsScreen
from console.views import EventsView, History, LogsView, ObjectRef, logs_of
from tests.ui.double import LOG, NOW, SessionDouble
from tests.ui.seeing import screen_text, see, until, write

Open = Callable[..., NavarchApp]
SIZE = (140, 40)


async def opened(pilot: Pilot[None], line: str, *signs: str) -> LogsScreen:
    await see(pilot, " live")
    await write(pilot, f":{line}")
    await pilot.press("enter")
    await see(pilot, *signs)
    return cast("LogsScreen", pilot.app.screen)


async def test_marked_rows_become_one_stream(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "pods @prod-eu,prod-us -n cart", "20 rows")
        await pilot.press("space", "down", "space", "l")
        text = await see(pilot, "18 lines", "2 open", "upstream timed out")
        assert "fleet/logs/api-" in text
        assert "+1" in text
        await pilot.press("escape")
        await see(pilot, "20 rows", "2 marked")


async def test_the_first_picture_has_the_first_line(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty frame before it: that costs as much again. And no sixtieth of a second of waiting after it."""
    painted: list[str] = []
    paint = LogsScreen.paint_now

    def paint_now(screen: LogsScreen) -> None:
        painted.append("".join(str(piece.text) for line in screen.pane.lines for piece in line))
        paint(screen)

    monkeypatch.setattr(LogsScreen, "paint_now", paint_now)
    monkeypatch.setattr(logs, "_SOON", 20.0)
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "logs @prod-eu -n pay", "· 90 lines")
        assert len(painted) == 1
        assert "listening" in painted[0]


async def test_a_silent_log_is_not_waited_for(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogsScreen, "paint_now", lambda screen: pytest.fail("there is nothing to show"))
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "logs nobody-* @prod-eu -n pay", "There is no such container.")


async def test_a_line_typed_and_its_filters(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(
            pilot, "logs @prod-eu -n pay /request !slow", "10 of 90 lines", "/request", "!slow"
        )
        assert "slow request" not in screen_text(app)
        await pilot.press("escape")
        await see(pilot, "· 90 lines")
        await pilot.press("z")
        await see(pilot, "50 of 90 lines", "problems only")
        assert "cache miss" not in screen_text(app)
        await pilot.press("z", "/", *"(")
        await see(pilot, "Not a pattern yet")
        await pilot.press("escape")
        await see(pilot, "· 90 lines")
        assert not screen.filtered


async def test_matches_in_their_context(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=(140, 24)) as pilot:
        screen = await opened(pilot, "logs @prod-eu -n pay", "· 90 lines")
        await pilot.press("/", *"listening", "enter")
        await see(pilot, "10 of 90 lines")
        await pilot.press("k", "a")
        text = await see(pilot, "with context", "· 90 lines")
        assert screen.pane.current is not None
        assert b"listening" in screen.pane.current.text
        assert "request  http.path=" in text
        at = screen.pane.cursor
        await pilot.press("N")
        await until(pilot, lambda: screen.pane.cursor < at, what="the match before")
        assert b"listening" in screen.pane.current.text
        for _ in range(12):
            await pilot.press("n")
        await see(pilot, "No further match")


async def test_one_stands_still_and_follows_again(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=(140, 24)) as pilot:
        screen = await opened(pilot, "logs @prod-eu -n pay", "· 90 lines")
        assert screen.pane.following
        await pilot.press("k", "k")
        await see(pilot, "still, 2 below")
        await pilot.press("g")
        await see(pilot, "still, 89 below", "listening")
        await pilot.press("pagedown", "ctrl+d", "j")
        assert 0 < screen.pane.cursor < 89
        await pilot.press("f")
        await until(pilot, lambda: screen.pane.cursor == 89, what="the end")
        await pilot.press("k", "j")
        await until(pilot, lambda: screen.pane.following, what="following at the end")


async def test_bookmarks_and_moments(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=(140, 24)) as pilot:
        screen = await opened(pilot, "logs @prod-eu -n pay", "· 90 lines")
        await pilot.press("g", "m", "G", "m", "k", "k")
        await see(pilot, "★")
        await pilot.press("apostrophe")
        assert screen.pane.cursor == 89
        await pilot.press("apostrophe")
        assert screen.pane.cursor == 0
        await write(pilot, "@-5s")
        await pilot.press("enter")
        await until(pilot, lambda: screen.pane.cursor > 0, what="another moment")
        entry = screen.pane.current
        assert entry is not None
        assert NOW - 5 <= entry.time / 1e9 < NOW - 2
        await write(pilot, "@soon")
        await pilot.press("enter")
        await see(pilot, "is no moment")


async def test_looks(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "logs @prod-eu -n pay", "· 90 lines")
        await pilot.press("t")
        await see(pilot, "Times: UTC", "14:13:18.120")
        await pilot.press("t")
        await see(pilot, "Times: ago", "   2s ")
        await pilot.press("t")
        await see(pilot, "no times")
        await pilot.press("i")
        await until(pilot, lambda: "api-0" not in screen_text(app).split("\n", 2)[2], what="no names")
        await see(pilot, "upstream timed out  http.path=/v1/payments  http.code=503  ms=931")
        await pilot.press("r", "w")
        await see(pilot, "Lines as they were written", '"ms":931}')


async def test_a_selection_is_found_again_as_it_was_left(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, "logs @prod-eu -n pay", "· 90 lines")
        await pilot.press("g", "j", "m", "t", "r", "C")
        await see(pilot, "http.code")
        await pilot.press("space", "enter")
        entry = screen.pane.current
        assert entry is not None
        await opened(pilot, "logs @prod-eu -n cart", "lines")
        assert "★" not in screen_text(app), "another selection has its own"
        again = await opened(pilot, "logs @prod-eu -n pay /request|listening", "★", "LEVEL")
        assert again is not screen
        look = again.pane.look
        assert (look.columns, look.laid_out, look.clock.value) == (("level",), False, "UTC")
        await pilot.press("apostrophe")
        assert again.pane.current == entry
        await pilot.press("m")  # taken away, and so it stays
        await opened(pilot, "logs @prod-eu -n cart", "lines")
        last = await opened(pilot, "logs @prod-eu -n pay", "· 90 lines", "LEVEL")
        assert not last._lost_marks


async def test_fields_as_columns_and_as_a_tree(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, "logs @prod-eu -n pay", "· 90 lines")
        await pilot.press("C")
        await see(pilot, "http.code")
        await pilot.press("space", "down", "space", "enter")
        text = await see(pilot, "LEVEL", "MSG")
        titles, line = text.split("\n")[2], next(one for one in text.split("\n") if "upstream" in one)
        assert titles.index("MSG") == line.index("upstream")
        await pilot.press("enter")
        await see(pilot, "Fields", "code: 503", "path: /v1/payments", "node-1")
        await pilot.press("escape", "c")
        await see(pilot, "field http.path", "kubectl command")
        await pilot.press("escape")
        assert screen.pane.look.columns == ("level", "msg")


async def test_sources_are_told_and_chosen(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "logs @prod-eu -n pay", "· 90 lines", "10 open")
        await pilot.press("s")
        await see(pilot, "● open", "api-003-6c9f7d8b5c-x0003", "prod-eu pay api-000", "/main: on node-1")
        await pilot.press("down", "enter")
        await see(pilot, "9 of 90 lines", "1 sources")
        await pilot.press("s", "space")
        await see(pilot, "18 of 90 lines")
        await pilot.press("escape", "escape")
        await see(pilot, "· 90 lines")


@pytest.mark.parametrize("ending", [".log", ".jsonl"])
async def test_what_is_shown_is_saved(open_app: Open, tmp_path: Path, ending: str) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "logs @prod-eu -n pay /timed", "20 of 90 lines")
        await pilot.press("ctrl+e")
        await see(pilot, "20 lines, with times and sources")
        path = tmp_path / f"saved{ending}"
        await pilot.press("ctrl+u")
        await write(pilot, str(path))
        await pilot.press("enter")
        await see(pilot, "Written:")
    lines = path.read_text().splitlines()
    assert len(lines) == 20
    assert path.stat().st_mode & 0o077 == 0
    if ending == ".jsonl":
        assert {json.loads(line)["level"] for line in lines} == {"error"}
    else:
        assert all("prod-eu pay api-0" in line and "imed" in line for line in lines)


async def test_around_a_moment_and_to_the_events(open_app: Open) -> None:
    ref = ObjectRef(
        cluster_id="id-prod-eu",
        cluster="prod-eu",
        resource=POD.resource,
        namespace="pay",
        name="api-000-6c9f7d8b5c-x0000",
        uid="uid-pay-api-000-6c9f7d8b5c-x0000",
    )
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        app.show(logs_of(ref, around=NOW - 11))
        await see(pilot, "9 lines", "still, 4 below")
        screen = cast("LogsScreen", app.screen)
        assert screen.pane.current is not None
        assert screen.pane.current.text == LOG[4]
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.history.views[app.history.at], EventsView), what="events")
        view = cast("EventsView", app.history.views[app.history.at])
        assert view.ref == ref
        assert view.around == pytest.approx(NOW - 10, abs=1)


async def test_the_runs_before(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "pods @prod-eu -n pay", "10 rows")
        await pilot.press("p")
        await see(pilot, "previous runs")
        await pilot.press("p")
        await until(pilot, lambda: "previous runs" not in screen_text(app), what="the present run")


async def test_what_runs_no_pods_has_no_logs_and_nothing_is_told_as_nothing(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=SIZE) as pilot:
        text = await see(pilot, "3/3 live")
        await opened(pilot, "secrets @prod-eu", "· 1 row")
        await pilot.press("l")
        assert "l logs" not in screen_text(app)
        text = screen_text(app)
        assert "fleet/logs" not in text
        await opened(pilot, "logs no-such-pod @prod-eu -n pay", "There is no such container")
        await opened(pilot, "logs pay/", "names nothing")


async def test_a_cluster_that_forbids_it_says_so(open_app: Open) -> None:
    from backend.kube.errors import Forbidden

    session = SessionDouble()
    client = session.fleet.cluster("id-prod-us").client

    async def refused(*words: object, **options: object):  # type: ignore[no-untyped-def]
        raise Forbidden("prod-us", "list pods in pay: forbidden to dana", code=403)
        yield b""

    client.pages = refused
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, "logs @prod-eu,prod-us -n pay", "90 lines", "1/2 live")
        assert screen.desk is not None
        states = {status.state for status in screen.desk.follower.statuses.values()}
        assert states == {State.LIVE, State.FORBIDDEN}


def test_it_is_found_again_where_it_was_left() -> None:
    view = LogsView(selection=parse_logs("deploy/api @prod-* --container app --since 5m /x !y"), around=NOW)
    again = found_again(left(History([view, LogsView(selection=LogSelection())], 0)))
    assert again is not None
    assert again.views[0] == view
