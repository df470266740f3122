"""The settings screen: every setting, its default and what it does; changed in place, wrong lines named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from console.application import NavarchApp
from console.settings import Settings
from tests.ui.seeing import gone, see, write

Open = Callable[..., NavarchApp]
SIZE = (160, 50)


async def opened(pilot: Pilot[None], letters: str) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, ":settings")
    await pilot.press("enter")
    await see(pilot, "lock.idle_minutes", "SETTING")
    if letters:
        await write(pilot, f"/{letters}")
        await pilot.press("enter")


async def test_a_switch_turns_at_once_and_in_the_file(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("# mine\n")
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "changed cells")
        await pilot.press("enter")
        await see(pilot, "glow = false")
        assert not app.glows
        assert file.read_text() == "# mine\nglow = false\n"
        await pilot.press("x")
        await see(pilot, "glow is as usual again")
        assert file.read_text() == "# mine\n"


async def test_a_value_that_makes_no_sense_stays_with_why(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "lock.hours")
        await pilot.press("enter")
        await see(pilot, "a whole number from 0 to 168", "default  8")
        await pilot.press("end", "0", "0", "0", "enter")
        await see(pilot, "this must be a whole number from 0 to 168")
        await pilot.press("backspace", "backspace", "backspace", "backspace", "4", "enter")
        await gone(pilot, "this must be")
        await see(pilot, "lock.hours")
    assert Settings(file).values.lock.hours == 4


async def test_a_key_is_remapped_and_a_taken_one_refused(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=Settings(tmp_path / "settings.toml"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "keys.help")
        await pilot.press("enter")
        await see(pilot, "The keys that work here")
        await pilot.press("ctrl+u")
        await write(pilot, "T")
        await pilot.press("enter")
        await see(pilot, "T would mean", "theme")
        await pilot.press("backspace", "f", "9", "enter")
        await see(pilot, "f9 help")
        await pilot.press("f9")
        await see(pilot, "Every setting of the console")


async def test_wrong_lines_come_first_with_why(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("glow = 7\nnonsense = 1\n")
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "")
        text = await see(
            pilot, "2 lines are not used", "line 1: this must be true or false", "line 2: there is no"
        )
        assert text.index("line 1: this") < text.index("theme ")
        await pilot.press("x")
        await see(pilot, "1 line is not used")
    assert file.read_text() == "nonsense = 1\n"


async def test_the_theme_is_chosen_with_preview(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=Settings(tmp_path / "settings.toml"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, "palette that comes along")
        await pilot.press("enter")
        await see(pilot, "High contrast")
        await pilot.press("down", "enter")
        await see(pilot, '"navarch-light"')
        assert app.palette.name == "navarch-light"


async def test_reloading_says_what_is_not_used(open_app: Open, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    app = open_app(settings=Settings(file))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":settings reload")
        await pilot.press("enter")
        await see(pilot, "Every line of the settings is used")
        file.write_text('theme = "mono"\nmouse = 3\n')
        await write(pilot, ":settings reload")
        await pilot.press("enter")
        await see(pilot, "line 2: mouse: this must be true or false")
        assert app.palette.name == "mono"


async def test_one_s_own_theme_and_one_that_is_broken(
    open_app: Open, tmp_path: Path, monkeypatch: object
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path))  # type: ignore[attr-defined]
    themes = tmp_path / "config" / "themes"
    themes.mkdir(parents=True)
    (tmp_path / "config").chmod(0o700)
    (themes / "mine.toml").write_text('title = "My own"\nbackground = "#101010"\n[tones]\ntext = "#333333"\n')
    (themes / "broken.toml").write_text('[tones]\nnonsense = "red"\n')
    app = open_app(settings=Settings(tmp_path / "config" / "settings.toml"))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("T")
        text = await see(pilot, "My own", "hard to read: text", "there is no nonsense among the tones")
        assert "\x1b" not in text
        await pilot.press("G", "enter")
        await gone(pilot, "hard to read")
        assert app.palette.name == "mine"
        assert app.palette.tones["text"] == "#333333"
    assert Settings(tmp_path / "config" / "settings.toml").values.theme == "mine"
