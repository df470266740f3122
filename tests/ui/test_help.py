"""Help: only what works here, a paragraph on the screen, and a search."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import pytest

from console.application import NavarchApp
from console.screens.opener import _SCREENS
from console.settings import Settings
from tests.ui.seeing import gone, screen_text, see, write

Open = Callable[..., NavarchApp]
SIZE = (120, 120)


async def test_help_tells_of_the_screen_and_only_of_keys_that_work(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("?")
        text = await see(pilot, "Keys that work here", "Home: one row per cluster")
        assert "Import clusters from a kubeconfig" in text
        assert "Order by a column" in text
        assert "Your favourite filter" not in text, "none is set"
        assert "What went wrong last" not in text, "nothing did"
        assert "The view after this one" not in text, "there is none"
        assert "Delete" not in text, "there is nothing to delete here"


async def test_help_shows_keys_as_they_are_remapped(open_app: Open) -> None:
    settings = Settings()
    settings.set(("keys", "states"), "f7,f9")
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("?")
        await see(pilot, "f7 f9 ")


async def test_help_is_searched(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("?")
        await see(pilot, "Keys that work here", "Order by a column")
        await write(pilot, "/coLoUrs")
        await gone(pilot, "Order by a column")
        await see(pilot, "Choose colours", "Every screen")
        await pilot.press("enter", "escape")
        await see(pilot, "Order by a column")
        await pilot.press("escape")
        await gone(pilot, "Keys that work here")
        await see(pilot, "? help")


async def test_a_search_for_nothing_says_so(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("?")
        await see(pilot, "Keys that work here")
        await write(pilot, "/qqq[red]")
        await see(pilot, "No key here has to do with 'qqq[red]'")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_help_leaves_its_own_keys_in_sight(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app()
    async with app.run_test(size=size) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows")
        await pilot.press("?")
        await see(pilot, "Keys that work here", "/ search", "esc close")
        assert len(screen_text(app).split("\n")) <= size[1]


def test_every_screen_says_what_it_shows() -> None:
    for module_name, name in _SCREENS.values():
        screen = getattr(importlib.import_module(f"console.screens.{module_name}"), name)
        assert screen.about.endswith("."), f"{name} says nothing of itself: give it about = '…'"


async def test_keys_of_a_typed_line_are_remapped_too(open_app: Open) -> None:
    settings = Settings()
    settings.set(("keys", "prompt.complete"), "ctrl+n")
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":deplo")
        await pilot.press("ctrl+n")
        assert app.frame is not None
        assert app.frame.prompt.field.value == "deployments"
