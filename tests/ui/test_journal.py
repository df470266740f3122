"""The journal's screen: filtered, and its chain judged in plain sight."""

from __future__ import annotations

from collections.abc import Callable

from console.application import NavarchApp
from tests.ui.double import SessionDouble
from tests.ui.seeing import gone, see, write

Open = Callable[..., NavarchApp]


async def test_lines_that_match(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, "J")
        await see(pilot, "2 lines", "chain intact")
        await write(pilot, "/import")
        await see(pilot, "1 of 2 lines")
        await gone(pilot, "failed")
        await write(pilot, "(")
        await see(pilot, "Not a pattern yet", "1 of 2 lines")
        await pilot.press("backspace", "enter", "escape")
        await see(pilot, "failed")
        await write(pilot, "/nothing-like-it")
        await pilot.press("enter")
        await see(pilot, "none of them matches")


async def test_a_broken_chain_is_said_at_once(open_app: Open) -> None:
    session = SessionDouble()
    session.tampered = True
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, "J")
        await see(pilot, "line 2 is missing, altered or out of place")
