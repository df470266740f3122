"""Favourite filters and aliases: digits apply them, 0 clears, + keeps; words of one's own go anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from console.application import NavarchApp
from console.settings import Settings
from tests.ui.seeing import gone, see, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)
FILE = """\
[favourites]
1 = "/crash"
9 = ":nodes @prod-*"

[tables.pods.favourites]
2 = "@prod-eu -n pay --sort RESTARTS"

[aliases]
bad = "pods /CrashLoop"
"""


def given(tmp_path: Path) -> Settings:
    (tmp_path / "settings.toml").write_text(FILE)
    return Settings(tmp_path / "settings.toml")


async def pods(pilot: Pilot[None]) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, ":pods")
    await pilot.press("enter")
    await see(pilot, "90 rows")


async def test_a_digit_filters_and_zero_clears(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=given(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        await pilot.press("1")
        await see(pilot, "/crash", "of 90 rows")
        await pilot.press("0")
        await gone(pilot, "/crash")
        await see(pilot, "90 rows")


async def test_a_kind_s_own_favourite_asks_for_other_clusters_and_order(
    open_app: Open, tmp_path: Path
) -> None:
    app = open_app(settings=given(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        await pilot.press("2")
        await see(pilot, "10 rows", "@prod-eu", "-n pay")
        assert app.screen.rows.sort.name == "RESTARTS"  # type: ignore[attr-defined]
        await pilot.press("0")
        await see(pilot, "90 rows", "all namespaces")


async def test_a_whole_line_works_from_the_fleet_and_filters_do_not(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=given(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("1", "9")
        await see(pilot, "nodes", "6 rows", "@prod-*")


async def test_plus_keeps_the_filter_on_a_digit_for_this_kind(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path)
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        await write(pilot, "/api-00")
        await pilot.press("enter")
        await see(pilot, "of 90 rows")
        await pilot.press("+")
        await see(pilot, "Keep this filter", "/api-00", "1  –")
        await pilot.press("3")
        await see(pilot, "3 shows /api-00 in lists of pods")
        await pilot.press("0", "3")
        await see(pilot, "/api-00", "of 90 rows")
    assert Settings(tmp_path / "settings.toml").table("pods").favourites["3"] == "/api-00"


async def test_a_filter_that_can_not_be_read_is_not_kept(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path)
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        await pilot.press("+")
        await see(pilot, "Keep this filter")
        await pilot.press("shift+tab")
        await write(pilot, "/(")
        await pilot.press("enter", "4")
        await see(pilot, "no regular expression")
    assert "4" not in settings.table("pods").favourites


async def test_an_alias_is_offered_and_takes_what_follows(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=given(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":ba")
        await see(pilot, " bad")
        await pilot.press("tab")
        await write(pilot, " @prod-eu")
        await pilot.press("enter")
        await see(pilot, "/CrashLoop", "@prod-eu", "of 30 rows")
