"""Colours and columns stay chosen from run to run; a damaged file costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console.application import NavarchApp
from console.settings import Columns, Settings
from console.terminal.traits import Traits
from tests.ui.seeing import gone, screen_text, see

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def test_a_theme_and_columns_are_there_in_the_next_run(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "console.json"
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
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [file], "nothing is left beside it"


async def test_a_preview_that_was_left_is_not_remembered(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=Settings(tmp_path / "console.json"))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("T", "down", "escape")
    assert Settings(tmp_path / "console.json").theme == ""


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"theme": 7}', b'{"columns": {"pods": 1}}', b"[" * 200_000]
)
def test_a_damaged_file_counts_as_none_and_is_replaced(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    file.write_bytes(content)
    settings = Settings(file)
    assert (settings.theme, settings.columns("pods")) == ("", Columns())
    settings.choose_theme("mono")
    assert Settings(file).theme == "mono"


def test_a_folder_that_can_not_be_written_loses_only_the_choice(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "missing" / "console.json")
    settings.choose_theme("mono")
    assert settings.theme == "mono"


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
    settings.choose_theme("navarch-light")
    assert open_app(traits=traits, settings=settings).palette.name == theme


def test_a_theme_that_is_gone_is_not_an_error(open_app: Open) -> None:
    settings = Settings()
    settings.choose_theme("of-long-ago")
    assert open_app(settings=settings).palette.name == "navarch-dark"
