"""The pane beside a list: only where there is room, only when the cursor rests, off when not wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.application import NavarchApp
from tests.ui.double import SessionDouble
from tests.ui.seeing import gone, screen_text, see, until, write

Open = Callable[..., NavarchApp]
WIDE, NARROW = (200, 50), (120, 40)


async def pods(pilot: Any) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, ":pods @prod-eu")
    await pilot.press("enter")
    await see(pilot, "30 rows")


async def test_it_explains_the_row_and_follows_the_cursor(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=WIDE) as pilot:
        await pods(pilot)
        await see(pilot, "Containers", "Image:")
        await pilot.press("down", "down")
        name = app.screen.table.row.name  # type: ignore[attr-defined]
        await until(pilot, lambda: f"Name:       {name}" in app.screen.side.text, what=name)  # type: ignore[attr-defined]


async def test_nothing_is_fetched_for_rows_that_are_passed_by(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    client = session.fleet.client("id-prod-eu")
    asked: list[str] = []
    plain = client.get

    async def get(resource: Any, name: str, **more: Any) -> bytes:
        asked.append(name)
        return bytes(await plain(resource, name, **more))

    client.get = get
    async with app.run_test(size=WIDE) as pilot:
        await pods(pilot)
        await until(pilot, lambda: len(asked) == 1, what="the first row is read")
        for _ in range(20):
            await pilot.press("down")
        last = app.screen.table.row.name  # type: ignore[attr-defined]
        await until(pilot, lambda: asked[-1] == last, what="the last row is read")
    assert len(asked) < 8


async def test_narrow_terminals_have_no_pane(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=NARROW) as pilot:
        await pods(pilot)
        assert not app.screen.side.display  # type: ignore[attr-defined]
        await write(pilot, "||")
        await see(pilot, "160 columns and more")
        await pilot.resize_terminal(*WIDE)
        await see(pilot, "Containers")
        await pilot.resize_terminal(*NARROW)
        await gone(pilot, "Containers")


async def test_tab_goes_there_and_back_and_the_key_hides_it(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=WIDE) as pilot:
        await pods(pilot)
        await see(pilot, "Containers")
        await pilot.press("tab", "G")
        assert app.screen.focused is app.screen.side  # type: ignore[attr-defined]
        assert app.screen.table.cursor == 0  # type: ignore[attr-defined]
        await pilot.press("escape")
        assert app.screen.focused is app.screen.table  # type: ignore[attr-defined]
        assert "30 rows" in screen_text(app)
        await write(pilot, "|")
        await gone(pilot, "Containers")
        assert not app.settings.values.pane
        await pilot.press("q")
        await see(pilot, "3 clusters")
        await pods(pilot)
        assert not app.screen.side.display  # type: ignore[attr-defined]


async def test_an_error_is_said_in_the_pane(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=WIDE) as pilot:
        session.fleet.client("id-prod-eu")._objects = {}
        await pods(pilot)
        await see(pilot, "no such object any more")


async def test_secrets_stay_masked_there(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":secrets @prod-eu")
        await pilot.press("enter")
        text = await see(pilot, "Opaque", "14 bytes")
    assert "hunter2" not in text
