"""Pictures of the Storage screens over an engine that stands still, at three sizes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from console.application import NavarchApp
from tests.ui.seeing import screen_text, see
from tests.ui.storage_double import StorageDouble
from tests.ui.test_pictures import SIZES, compare, fits, without_pane
from tests.ui.test_storage import at_storage, to_row

Open = Callable[..., NavarchApp]
ABSENT = "No block engine runs on this machine"
NO_VOLUMES = "There are no volumes yet"
WHOLE = "2 volumes on 3 pools"
# What is pressed on which row, and what is seen then.
WAYS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "storage": ("", (), WHOLE),
    "storage-absent": ("", (), ABSENT),
    "storage-empty": ("", (), NO_VOLUMES),
    "storage-pools": ("", ("v",), "by pool"),
    "storage-jobs": ("", ("v", "v"), "create"),
    "storage-problems": ("", ("z",), "problems"),
    "storage-explain": ("logs", ("enter",), "What happened"),
    "storage-explain-replica": ("r-1c3", ("enter",), "What happened"),
    "storage-explain-snapshot": ("@monday", ("enter",), "What happened"),
    "storage-act": ("orders", ("D",), "To confirm, type orders"),
    "storage-act-new": ("orders", ("n",), "Enter shows what it would do"),
    "storage-act-restore": ("@monday", ("B", "enter"), "Nobody can use it meanwhile"),
    "storage-help": ("", ("?",), "Keys that work here"),
}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StorageDouble:
    import console.screens.storage as screen

    made = StorageDouble()
    monkeypatch.setattr(screen, "here", lambda: made)
    return made


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", WAYS)
async def test_picture(open_app: Open, engine: StorageDouble, name: str, size: tuple[int, int]) -> None:
    row, keys, sign = WAYS[name]
    engine.absent = name == "storage-absent"
    if name == "storage-empty":
        engine.found = replace(engine.found, volumes=[], findings=[], jobs=[])
    app = open_app(settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await at_storage(pilot, ABSENT if engine.absent else NO_VOLUMES if name == "storage-empty" else WHOLE)
        if row:
            await to_row(pilot, row)
        await pilot.press(*keys)
        await see(pilot, sign)
        await pilot.pause()
        text = screen_text(app)
    fits(text, *size)
    compare(f"{name}-{size[0]}x{size[1]}", text)
