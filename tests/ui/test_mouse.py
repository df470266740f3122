"""Everything a mouse does: rows, titles, the path, chips, keys, lists; and that it can be switched off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.events import MouseScrollDown as _Down
from textual.pilot import Pilot

from console.application import NavarchApp
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.test_terminal import stage

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def click_on(pilot: Pilot[None], text: str, *, line: int | None = None, times: int = 1) -> None:
    """Click into the middle of this text, wherever it is (first), or on this line."""
    lines = screen_text(pilot.app).split("\n")
    y = line if line is not None else next(y for y, shown in enumerate(lines) if text in shown)
    x = lines[y].index(text) + len(text) // 2
    await pilot.click(offset=(x, y), times=times)


async def pods(pilot: Pilot[None]) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, ":pods @prod-eu -n pay")
    await pilot.press("enter")
    await see(pilot, "10 rows")


async def test_a_row_a_title_and_a_double_click(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        await click_on(pilot, "api-009")
        await until(pilot, lambda: app.screen.table.row.name.startswith("api-009"))  # type: ignore[attr-defined]
        await click_on(pilot, "RESTARTS")
        await see(pilot, "RESTARTS↑")
        await click_on(pilot, "RESTARTS")
        await see(pilot, "RESTARTS↓")
        await click_on(pilot, "api-012", times=2)
        await see(pilot, "(describe)")


async def test_the_path_leads_back(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pods(pilot)
        await pilot.press("d")
        await see(pilot, "(describe)")
        await click_on(pilot, "pods", line=0)
        await see(pilot, "30 rows", "all namespaces", "@prod-eu")
        await click_on(pilot, "fleet", line=0)
        await see(pilot, "3 clusters")
        await click_on(pilot, "fleet", line=0)
        await see(pilot, "3 clusters")


async def test_a_chip_opens_the_states(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "3/3 live")
        await click_on(pilot, "prod-us", line=0)
        await see(pilot, "Clusters", "esc close")


async def test_a_key_is_pressed_by_a_click(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "90 pods", "3/3 live", "v1.35.4", "? help")
        await click_on(pilot, "? help")
        await see(pilot, "Keys that work here")
        await click_on(pilot, "esc close")
        await gone(pilot, "Keys that work here")
        await click_on(pilot, ": command")
        await until(pilot, lambda: app.frame.prompt.is_open)  # type: ignore[union-attr]


async def test_the_wheel_moves_in_lists(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("T")
        await see(pilot, "▸ Navarch dark")
        x, y = next(
            (line.index("Navarch dark"), y)
            for y, line in enumerate(screen_text(app).split("\n"))
            if "Navarch dark" in line
        )
        await pilot._post_mouse_events([_Down], offset=(x, y))
        await see(pilot, "▸ Navarch light")


@pytest.mark.xdist_group("terminal")
@pytest.mark.parametrize("mouse", [True, False])
def test_the_mouse_can_be_switched_off(tmp_path: Path, mouse: bool) -> None:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    (folder / "settings.toml").write_text(f"mouse = {str(mouse).lower()}\n")
    with stage(NAVARCH_HOME=str(tmp_path)) as terminal:
        terminal.expect("1 cluster")
        assert (b"\x1b[?1000h" in terminal.raw) is mouse
        assert (b"\x1b[?1003h" in terminal.raw) is mouse
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
