"""Colours and columns stay chosen from run to run; the console follows its settings file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console.application import NavarchApp
from console.settings import Settings
from console.terminal.traits import Traits
from tests.ui.seeing import gone, screen_text, see, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def test_a_theme_and_columns_are_there_in_the_next_run(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "VERSION")
        await pilot.press("T", "down", "enter")
        chosen = app.palette.name
        assert chosen != "navarch-dark"
        await pilot.press("C")
        await see(pilot, "[x] VERSION")
        await pilot.press("down", "down", "space", "escape")
        await gone(pilot, "VERSION")
    again = open_app(settings=Settings(file))
    async with again.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "NODES")
        assert "VERSION" not in screen_text(again)
        assert again.palette.name == chosen


async def test_an_order_that_was_chosen_is_there_in_the_next_run(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows")
        await write(pilot, "O")
        await see(pilot, "Order by", "READY")
        await pilot.press("down", "down", "down", "down", "down", "enter")
        await gone(pilot, "Order by")
    chosen = Settings(file).table("pods").sort
    assert chosen
    again = open_app(settings=Settings(file))
    async with again.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows", f"{chosen}")
        assert again.screen.rows.sort.name == chosen  # type: ignore[attr-defined]


async def test_lists_may_take_as_much_memory_as_the_settings_say(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("memory_mb = 64\n")
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        assert app.fleet_now is not None
        assert app.fleet_now.admission.memory.most == 64 << 20


async def test_a_preview_that_was_left_is_not_remembered(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=Settings(tmp_path / "settings.toml"))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("T", "down", "escape")
    assert not (tmp_path / "settings.toml").exists()


async def test_a_wrong_line_is_said_and_the_console_opens(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('glow = "perhaps"\ntheme = "mono"\n')
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "settings: line 1: glow: this must be true or false")
        assert app.palette.name == "mono"


async def test_a_change_of_the_file_counts_when_the_next_view_opens(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "? help")
        file.write_text('theme = "mono"\n[keys]\nhelp = "f5"\n')
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows", "f5 help")
        assert app.palette.name == "mono"


async def test_a_choice_that_can_not_be_kept_counts_for_this_run(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=Settings(tmp_path / "missing" / "settings.toml"))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "VERSION")
        await pilot.press("C")
        await see(pilot, "[x] VERSION")
        await pilot.press("down", "down", "space", "escape")
        text = await see(pilot, "For this run only")
        assert "VERSION" not in text


@pytest.mark.parametrize(
    ("traits", "theme"),
    [
        (Traits(), "navarch-light"),
        (Traits(colour=False), "mono"),
        (Traits(palette_colours=True), "ansi"),
    ],
)
def test_a_poor_terminal_gets_what_it_can_show(traits: Traits, theme: str, open_app: Open) -> None:
    settings = Settings()
    settings.set(("theme",), "navarch-light")
    assert open_app(traits=traits, settings=settings).palette.name == theme


def test_a_theme_that_is_gone_is_not_an_error(open_app: Open, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('theme = "of-long-ago"\n')
    app = open_app(settings=Settings(tmp_path / "settings.toml"))
    assert app.palette.name == "navarch-dark"
    assert "of-long-ago" in app.trouble
