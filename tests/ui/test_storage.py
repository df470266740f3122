"""The storage screen: the tree both ways, live, explained; and what it says when there is nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from console.application import NavarchApp
from tests.ui.seeing import gone, screen_text, see, write
from tests.ui.storage_double import StorageDouble, volumes

Open = Callable[..., NavarchApp]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StorageDouble:
    import console.screens.storage as screen

    made = StorageDouble()
    monkeypatch.setattr(screen, "here", lambda: made)
    return made


async def at_storage(pilot: Pilot[None], sign: str = "2 volumes on 3 pools") -> str:
    await see(pilot, "3 clusters")
    await write(pilot, ":storage")
    await pilot.press("enter")
    return await see(pilot, sign)


async def test_volumes_with_their_replicas(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(160, 40)) as pilot:
        text = await at_storage(pilot)
        lines = text.split("\n")
        logs = next(at for at, line in enumerate(lines) if " logs " in line)
        assert "rebuilding" in lines[logs]
        assert "1/3 in sync, rebuild of r-1b2: 25% of 4G, 50M/s, 58s left" in lines[logs]
        assert ["├ r-1a1" in lines[logs + 1], "├ r-1b2" in lines[logs + 2], "└ r-1c3" in lines[logs + 3]] == [
            True
        ] * 3
        assert "gone" in lines[logs + 3]
        assert "/dev/loop3" in text
        assert "1200/s 4.6M" in text
        assert "1 to look at" in text


async def test_the_tree_is_turned(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(160, 40)) as pilot:
        await at_storage(pilot)
        await pilot.press("v")
        text = await see(pilot, "by pool", "12 MiB are free")
        lines = text.split("\n")
        pool = next(at for at, line in enumerate(lines) if "/disks/b" in line)
        assert "logs r-1b2" in lines[pool + 1] + lines[pool + 2]
        assert "orders r-0b2" in lines[pool + 1] + lines[pool + 2]
        await pilot.press("v")
        await gone(pilot, "by pool")


async def test_what_happens_is_shown_at_once(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(160, 40)) as pilot:
        await at_storage(pilot)
        changed = [replace(one, health="suspended") if one.name == "logs" else one for one in volumes()]
        engine.found = replace(engine.found, volumes=changed)
        engine.news()
        await see(pilot, "suspended")


async def test_enter_explains(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_storage(pilot)
        await pilot.press("enter")
        text = await see(pilot, "r-1c3 does not run", "It is started again by itself", "What happened")
        assert "logs (02)" in text
        await pilot.press("escape")
        await gone(pilot, "What happened")
        await pilot.press("j", "j", "j", "enter")
        await see(pilot, "out-of-sync", "waiting")


async def test_filters_keep_families_together(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_storage(pilot)
        await write(pilot, "/r-0b2")
        await pilot.press("enter")
        await gone(pilot, "r-1a1")
        text = await see(pilot, "r-0b2", "orders")
        assert "r-0a1" not in text
        await pilot.press("escape")
        await see(pilot, "r-1a1")
        await pilot.press("z")
        await gone(pilot, "orders")
        await see(pilot, "r-1c3", "problems")
        await pilot.press("escape")
        await see(pilot, "orders")


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_it_fits(open_app: Open, engine: StorageDouble, size: tuple[int, int]) -> None:
    app = open_app()
    async with app.run_test(size=size) as pilot:
        await at_storage(pilot)
        text = screen_text(app)
        assert all(len(line) <= size[0] for line in text.split("\n"))
        assert "rebuilding" in text
        assert "r-1c3" in text


async def test_without_an_engine_it_says_what_to_do_and_notices_one(
    open_app: Open, engine: StorageDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    import console.screens.storage as screen

    monkeypatch.setattr(screen, "_LOOK", 0.05)
    engine.absent = True
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_storage(pilot, "No block engine runs on this machine")
        await see(pilot, "navarch engine local up", "u start engine")
        engine.absent = False
        await see(pilot, "2 volumes on 3 pools")
        await gone(pilot, "u start engine")
        engine.absent = True
        engine.news()
        await see(pilot, "No block engine runs on this machine")


async def test_u_starts_the_engine(
    open_app: Open, engine: StorageDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    import backend.storage.local as local

    async def started() -> str:
        engine.absent = False
        return "the block engine runs now"

    monkeypatch.setattr(local, "start", started)
    engine.absent = True
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_storage(pilot, "No block engine runs on this machine")
        await pilot.press("u")
        await see(pilot, "the block engine runs now", "2 volumes on 3 pools")


async def test_an_engine_without_pools_or_volumes(open_app: Open, engine: StorageDouble) -> None:
    engine.found = replace(engine.found, volumes=[], findings=[])
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_storage(pilot, "There are no volumes yet")
        engine.found = replace(engine.found, pools=[])
        engine.news()
        await see(pilot, "no pools yet", "navarch engine pool add")
