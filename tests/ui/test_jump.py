"""Jump mode: every target has a letter, typing it goes there, anything else leaves all as it was."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from console.application import NavarchApp
from console.screens.jump import JumpScreen, Letter, labels
from tests.ui.seeing import gone, screen_text, see, until, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


@pytest.mark.parametrize("count", [0, 1, 26, 27, 51, 52, 200, 600])
def test_labels_are_different_and_none_begins_another(count: int) -> None:
    found = labels(count)
    assert len(found) == count
    assert all(not other.startswith(one) for one, other in combinations(sorted(found), 2))
    assert all(len(label) <= 2 for label in found)


async def pods(pilot: Any) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, ":pods @prod-eu")
    await pilot.press("enter")
    await see(pilot, "30 rows")


def label_at(app: NavarchApp, x: int, y: int) -> str:
    """The letters that stand on this cell."""
    screen = app.screen
    assert isinstance(screen, JumpScreen)
    return next(label for label, (left, top, _) in screen._places.items() if (left, top) == (x, y))


async def jump(pilot: Any) -> None:
    await pilot.press("ctrl+o")
    await until(pilot, lambda: isinstance(pilot.app.screen, JumpScreen))
    await until(pilot, lambda: len(pilot.app.screen.query(Letter)) > 1)


async def test_a_letter_on_a_row_puts_the_cursor_there(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        await jump(pilot)
        wanted = label_at(app, 1, 4 + 7)
        await until(pilot, lambda: screen_text(app).split("\n")[11][1 : 1 + len(wanted)] == wanted)
        await pilot.press(*wanted)
        await until(pilot, lambda: not isinstance(app.screen, JumpScreen))
        assert app.screen.table.cursor == 7  # type: ignore[attr-defined]


async def test_any_other_key_changes_nothing(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        before = screen_text(app)
        for key in ("escape", "1", "ctrl+o"):
            await jump(pilot)
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, JumpScreen))
        assert screen_text(app) == before


async def test_keys_chips_and_tabs(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        line = screen_text(app).split("\n")[-1]
        await jump(pilot)
        await pilot.press(*label_at(app, line.index("d describe"), 39))
        await see(pilot, "(describe)")
        subject = screen_text(app).split("\n")[1]
        await jump(pilot)
        await pilot.press(*label_at(app, subject.index("yaml"), 1))
        await see(pilot, "(yaml)", "apiVersion")
        top = screen_text(app).split("\n")[0]
        await jump(pilot)
        await pilot.press(*label_at(app, top.index("● prod-eu"), 0))
        await see(pilot, "Clusters", "1/1 live")
        await jump(pilot)
        choice = next(label for label, (_, y, _) in app.screen._places.items() if y > 2)  # type: ignore[attr-defined]
        await pilot.press(*choice)
        await see(pilot, "LIVE  since 14:12:20")


async def test_clicks_do_the_same(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        line = screen_text(app).split("\n")[-1]
        await pilot.click(offset=(line.index("d describe") + 2, 39))
        await see(pilot, "(describe)")
        subject = screen_text(app).split("\n")[1]
        await pilot.click(offset=(subject.index("events"), 1))
        await see(pilot, "(events)")


async def test_nothing_to_jump_to_behind_the_gate(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked")
        await pilot.press("ctrl+o")
        await pilot.pause()
        await gone(pilot, "prod-eu")
