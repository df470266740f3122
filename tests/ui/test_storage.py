"""The storage screen: the tree both ways, live, explained; and what it says when there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from backend.storage.model import Pace
from console.application import NavarchApp
from tests.ui.double import SessionDouble
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.storage_double import GIB, StorageDouble, volumes

Open = Callable[..., NavarchApp]
KINDS = ("rebuild logs", "scrub orders", "create orders")
"""Of the jobs, the one under way first, then the newest."""


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
        text = await see(pilot, "jobs", "25%", "58s left", "its controller was replaced")
        lines = text.split("\n")
        kinds = [next(at for at, line in enumerate(lines) if f" {kind} " in line) for kind in KINDS]
        assert kinds == sorted(kinds)
        await pilot.press("v")
        await see(pilot, "@monday", "taken ")


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

    async def started(pools: int) -> str:
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


async def to_row(pilot: Pilot[None], sign: str) -> None:
    """Put the cursor on the row with this text."""
    table = pilot.app.frame.table  # type: ignore[attr-defined]
    rows = table.source.window(0, 99)
    table.move_to(next(at for at, row in enumerate(rows) if sign in row.name))
    await pilot.pause()


ACTS = [
    # (row, keys, what the preview says, what the engine was told, the journal's act)
    ("logs", ("n", "d", "b", "enter", "enter", "enter", "enter"), "a new volume of 1G with 3 replicas",
     ("create", "db", GIB, 3, ()), "engine volume create"),
    ("orders", ("a",), "its device goes", ("detach", "orders"), "engine volume detach"),
    ("logs", ("a", "enter"), "a block device", ("attach", "logs", "auto"), "engine volume attach"),
    ("@monday", ("a", "enter"), "can only be read", ("attach", "orders@monday", "auto"),
     "engine volume attach"),
    ("r-1b2", ("s", "enter"), "what is acknowledged now", ("snapshot", "logs"), "engine snapshot create"),
    ("@monday", ("B", "enter"), "is taken back to snapshot monday",
     ("restore", "orders", "monday", "before-monday"), "engine snapshot restore"),
    ("@monday", ("m", "enter"), "snapshot monday of orders", ("clone", "orders", "orders-copy", "monday"),
     "engine clone"),
    ("logs", ("r", "ctrl+u", *"8G", "enter"), "4G → 8G", ("resize", "02", 8 * GIB), "engine volume resize"),
    ("logs", ("N", "enter"), "a replica more", ("add replica", "02", ""), "engine replica add"),
    ("logs", ("W", "enter"), "a witness, which votes", ("add witness", "02", ""), "engine replica add"),
    ("logs", ("e", "ctrl+u", *"50M", "enter", "ctrl+u", *"40", "enter"), "50M/s at most, 40% of the time",
     ("pace", "02", Pace(50 << 20, 0.4)), "engine volume pace"),
    ("logs", ("f", *"/mnt/one", "enter", "enter"), "are looked for in /mnt/one",
     ("recover", Path("/mnt/one")), "engine recover"),
    ("logs", ("f", *"/mnt/one", "enter", *"yes", "enter"), "start where they are",
     ("recover", Path("/mnt/one"), "moved"), "engine recover"),
    ("r-1c3", ("b",), "made anew", ("rebuild", "02", "r-1c3"), "engine replica rebuild"),
    ("logs", ("i",), "is read, verified", ("scrub", "02"), "engine scrub"),
    ("r-1b2", ("p",), "it rests", ("pause", "3f00"), "engine job pause"),
    ("r-1c3", ("D",), "taken off for good", ("remove replica", "02", "r-1c3"), "engine replica remove"),
    ("@monday", ("D",), "its space comes back", ("delete snapshot", "orders", "monday"),
     "engine snapshot delete"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "keys", "says", "told", "act"), ACTS, ids=lambda each: str(each)[:24])
async def test_acts_are_previewed_agreed_to_and_journalled(
    open_app: Open,
    engine: StorageDouble,
    row: str,
    keys: tuple[str, ...],
    says: str,
    told: tuple[object, ...],
    act: str,
) -> None:
    app = open_app()
    async with app.run_test(size=(160, 50)) as pilot:
        await at_storage(pilot)
        await to_row(pilot, row)
        await pilot.press(*keys)
        await see(pilot, says, "nothing is changed")
        # The first choice changes nothing.
        assert engine.told == []
        await pilot.press("down", "enter")
        await until(pilot, lambda: engine.told, what="it was told")
        assert engine.told[0][: len(told)] == told
        lines = app.session.lines  # type: ignore[attr-defined]
        await until(pilot, lambda: len(lines) == 2, what="two lines in the journal")
        assert [(line["act"], line["outcome"].value) for line in lines] == [(act, "started"), (act, "done")]


async def test_deleting_a_volume_wants_its_name(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(160, 50)) as pilot:
        await at_storage(pilot)
        await to_row(pilot, "orders")
        await pilot.press("D")
        await see(
            pilot, "goes for good", "1 snapshot: monday", "attached as /dev/loop3", "To confirm, type orders"
        )
        await pilot.press("enter", "down", "enter")
        await see(pilot, "Type orders first")
        assert engine.told == []
        await write(pilot, "orders")
        await pilot.press("enter", "down", "enter")
        await see(pilot, "volume orders: well done")
        assert engine.told == [("delete", "01")]


async def test_a_no_is_told_and_in_the_journal(open_app: Open, engine: StorageDouble) -> None:
    engine.refuses = "logs is being scrubbed just now"
    app = open_app()
    async with app.run_test(size=(160, 50)) as pilot:
        await at_storage(pilot)
        await to_row(pilot, "logs")
        await pilot.press("i")
        await see(pilot, "is read, verified")
        await pilot.press("down", "enter")
        await see(pilot, "logs is being scrubbed just now", "Do something else first")
        lines = app.session.lines  # type: ignore[attr-defined]
        assert [line["outcome"].value for line in lines] == ["started", "refused"]


async def test_a_pool_and_wrong_answers(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_storage(pilot)
        await pilot.press("n", "enter", "enter", "enter", "enter")
        await see(pilot, "type a name first")
        await pilot.press("escape", "v")
        await see(pilot, "by pool")
        await pilot.press("n")
        await write(pilot, "/disks/d")
        await pilot.press("enter", "enter")
        await see(pilot, "directory /disks/d", "it keeps replicas from now on")
        await pilot.press("down", "enter")
        await see(pilot, "pool new: /disks/new")
        assert engine.told == [("add pool", "/disks/d", "")]


async def test_keys_are_offered_where_they_work(open_app: Open, engine: StorageDouble) -> None:
    app = open_app()
    async with app.run_test(size=(200, 50)) as pilot:
        await at_storage(pilot)
        offered = {
            "orders": ("a attach/detach", "s snapshot"),
            "r-1b2": ("b rebuild", "p pause/resume"),
            "@monday": ("B restore",),
        }
        for row, signs in offered.items():
            await to_row(pilot, row)
            await see(pilot, *signs)
        await to_row(pilot, "orders")
        await gone(pilot, "B restore")
        assert "b rebuild" not in screen_text(app)


async def test_a_read_only_console_changes_no_storage(open_app: Open, engine: StorageDouble) -> None:
    session = SessionDouble()
    session.read_only = True
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await at_storage(pilot)
        await pilot.press("i")
        await see(pilot, "This console is read-only")
        engine.absent = True
        engine.news()
        await see(pilot, "No block engine runs")
        await pilot.press("u")
        await see(pilot, "This console is read-only")
