"""Every screen as text, at three sizes: what a person sees, compared with what was agreed.

Kept as plain text beside this file: a difference reads like the screen itself. After a wanted change:
``NAVARCH_PICTURES=write pytest tests/ui/test_pictures.py``, then look at ``git diff``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from backend.kube.status import State, Status
from backend.text import safe_text
from console.application import NavarchApp
from console.screens.fleet import FleetScreen
from console.session import Gate
from console.settings import Settings
from console.user_commands.trust import look_at
from tests.ui.double import NAMES, NOW, FleetDouble, SessionDouble, default_objects, deployment, service
from tests.ui.seeing import screen_text, see, until, write

FOLDER = Path(__file__).parent / "pictures"
SIZES = ((80, 24), (120, 40), (200, 60))
Open = Callable[..., NavarchApp]
pytestmark = pytest.mark.usefixtures("patient_logs")
Way = Callable[[Pilot[None]], Awaitable[object]]


async def home(pilot: Pilot[None]) -> None:
    await see(pilot, "90 pods", "3/3 live", "v1.35.4", "2/3")
    await counted_live(pilot, 3)


async def counted_live(pilot: Pilot[None], clusters: int) -> None:
    """So many rows are watched by now: what they say does not change any more."""
    screen = cast("FleetScreen", pilot.app.screen)
    source = screen.table.source
    await until(
        pilot, lambda: sum(row.live_counts for row in source.window(0, len(source))) == clusters, what="live"
    )


def line(text: str, sign: str) -> Way:
    async def go(pilot: Pilot[None]) -> None:
        await home(pilot)
        await write(pilot, f":{text}")
        await pilot.press("enter")
        await see(pilot, sign)

    return go


def settled(way: Way) -> Way:
    """The same, until the fleet shown counts live."""

    async def go(pilot: Pilot[None]) -> None:
        await way(pilot)
        await counted_live(pilot, 3)

    return go


def then(way: Way, *keys: str, sign: str, live: str = "") -> Way:
    """``live``: what the top line says once the screen's own clusters have told their states."""

    async def go(pilot: Pilot[None]) -> None:
        await way(pilot)
        await pilot.press(*keys)
        await see(pilot, sign, live)

    return go


def seen(sign: str, *keys: str, at_last: str = "") -> Way:
    async def go(pilot: Pilot[None]) -> None:
        await see(pilot, sign)
        if keys:
            await pilot.press(*keys)
            await see(pilot, at_last)

    return go


pods = line("pods", "90 rows")
one_pod = line("pods @prod-eu -n pay", "10 rows")
logs = then(line("logs @prod-eu -n pay", "90 lines"), sign="upstream timed out")
log_columns = then(then(logs, "C", sign="space switches"), *("space", "down") * 3, sign="[x]")
lock_settings = then(line("settings", "lock.idle"), "/", *"minutes", "enter", sign="/minutes")
SCREENS: dict[str, tuple[Way, Gate]] = {
    "fleet": (home, Gate.OPEN),
    "pods": (pods, Gate.OPEN),
    "pods-filtered": (then(pods, "/", "c", "r", "a", "s", "h", "enter", sign="of 90 rows"), Gate.OPEN),
    "pods-none": (then(pods, "/", "q", "q", "q", "enter", sign="none of them matches"), Gate.OPEN),
    "pods-wide": (then(pods, "w", sign="READY"), Gate.OPEN),
    "order": (then(pods, "O", sign="Order by"), Gate.OPEN),
    "columns": (then(pods, "C", sign="Columns"), Gate.OPEN),
    "command": (then(pods, ":", "d", "e", sign="deployments"), Gate.OPEN),
    "describe": (then(one_pod, "d", sign="(describe)", live="1/1 live"), Gate.OPEN),
    "yaml": (then(one_pod, "y", sign="apiVersion", live="1/1 live"), Gate.OPEN),
    "events": (then(one_pod, "v", sign="No problem is known", live="1/1 live"), Gate.OPEN),
    "logs": (logs, Gate.OPEN),
    "logs-filtered": (then(then(logs, *"/timed", "enter", sign="of 90 lines"), sign="/timed"), Gate.OPEN),
    "logs-columns": (then(log_columns, "escape", sign="HTTP.PATH"), Gate.OPEN),
    "log-columns": (log_columns, Gate.OPEN),
    "log-line": (then(then(logs, "k", sign="still"), "j", "enter", sign="Fields"), Gate.OPEN),
    "secret": (then(line("secrets @prod-eu", "Opaq"), "y", sign="masked", live="1/1 live"), Gate.OPEN),
    "delete": (then(one_pod, "D", sign="stops with it: "), Gate.OPEN),
    "blast": (then(one_pod, "b", sign="certain"), Gate.OPEN),
    "settings": (lock_settings, Gate.OPEN),
    "settings-edit": (then(lock_settings, "enter", sign="takes"), Gate.OPEN),
    "keep-favourite": (then(pods, "+", sign="Keep this filter"), Gate.OPEN),
    "restart": (then(line("deploy @prod-eu", "3/3"), "r", sign="are replaced"), Gate.OPEN),
    "relations": (then(line("deploy @prod-eu", "3/3"), "X", sign="1 missing"), Gate.OPEN),
    "scale": (then(line("deploy @prod-eu", "3/3"), "s", sign="How many replicas?"), Gate.OPEN),
    "object-menu": (then(one_pod, "!", sign="What can be done"), Gate.OPEN),
    "copy": (then(one_pod, "c", sign="tab-separated"), Gate.OPEN),
    "rights": (line("rights -n pay", "as dana"), Gate.OPEN),
    "who-can": (line("who-can delete pods", "from RBAC objects"), Gate.OPEN),
    "rights-of-group": (line("rights group:devs", "rights of group:devs"), Gate.OPEN),
    "act-as": (then(pods, "A", sign="Act as"), Gate.OPEN),
    "acting": (settled(line("as ops-bot,devs", "U ends it")), Gate.OPEN),
    "jump": (then(pods, "ctrl+o", sign=" a"), Gate.OPEN),
    "export": (then(one_pod, "ctrl+e", sign="Export what is shown"), Gate.OPEN),
    "help": (then(pods, "?", sign="Keys that work here"), Gate.OPEN),
    "palette": (then(pods, "ctrl+p", sign="Find"), Gate.OPEN),
    "theme": (then(pods, "T", sign="High contrast"), Gate.OPEN),
    "journal": (then(home, "J", sign="2 lines"), Gate.OPEN),
    "messages": (then(line("nonsense --wrong", "no option"), "M", sign="1 kept"), Gate.OPEN),
    "unlock": (seen("the vault is locked"), Gate.LOCKED),
    "unlock-wrong": (seen("the vault is locked", "n", "o", "enter", at_last="does not open"), Gate.LOCKED),
    "first-start": (seen("Welcome"), Gate.FIRST_START),
    "review": (seen("Welcome", "enter", at_last="Review before import"), Gate.FIRST_START),
}


def without_pane() -> Settings:
    """The pane comes when the cursor has rested a while; it has a picture of its own."""
    settings = Settings()
    settings.keep(("pane",), False)
    return settings


async def test_the_pane_beside_a_list(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=(200, 60)) as pilot:
        await one_pod(pilot)
        text = await see(pilot, "Containers", "none recorded")
    compare("pane-200x60", text)


def compare(name: str, text: str) -> None:
    path = FOLDER / f"{name}.txt"
    if os.environ.get("NAVARCH_PICTURES") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    assert path.exists(), f"no picture {path.name}; see this file's head"
    assert text + "\n" == path.read_text("utf-8")


def fits(text: str, columns: int, rows: int) -> None:
    """Nothing runs over the edge, and the last line still offers keys."""
    lines = text.split("\n")
    assert len(lines) <= rows
    assert all(len(line) <= columns for line in lines)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_screen(open_app: Open, name: str, size: tuple[int, int]) -> None:
    way, gate = SCREENS[name]
    objects = default_objects()
    objects["deployments"] = [deployment("web", "pay")]
    objects["services"] = [service("web", "pay")]
    fleet = FleetDouble(objects)
    app = open_app(SessionDouble(fleet, gate=gate), settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await way(pilot)
        await pilot.pause()
        text = screen_text(app)
    fits(text, *size)
    compare(f"{name}-{size[0]}x{size[1]}", text)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_programs_of_one_s_own(open_app: Open, size: tuple[int, int]) -> None:
    """The list, what is asked before the first run, and what a program wrote."""
    settings = Settings()
    told = {"run": ["echo", "{cluster}", "--", "{name}"], "title": "Say its name", "key": "f6"}
    settings.set(("commands", "say"), told)
    settings.set(("commands", "mend"), {"run": ["true", "{name}"], "title": "Mend it", "changes": True})
    app = open_app(settings=settings)
    async with app.run_test(size=size) as pilot:
        await one_pod(pilot)
        if size[0] >= 160:
            await see(pilot, "Created:")  # the pane beside the list has read the object
        await pilot.press("u")
        compare(f"own-programs-{size[0]}x{size[1]}", await see(pilot, "Say its name", "changes things"))
        await pilot.press("enter")
        text = await see(pilot, "not run before", "Don't run it")
        where = str(look_at("say", settings.values.commands["say"]).path)
        compare(f"own-program-agree-{size[0]}x{size[1]}", text.replace(where, "PROGRAM".ljust(len(where))))
        await pilot.press("down", "down", "enter")
        text = await see(pilot, "Ended well after", "prod-eu -- api-000")
        took = re.compile(r"after \d+\.\d s")
        compare(f"own-program-output-{size[0]}x{size[1]}", took.sub("after 0.1 s", text))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_troubled_fleet(open_app: Open, size: tuple[int, int]) -> None:
    """Worst first, with words; the live cluster's rows are there all the same."""
    troubles = {
        "id-prod-eu": Status(state=State.LIVE, since=NOW - 600),
        "id-prod-us": Status(state=State.SYNCING, since=NOW - 3, progress=0.4),
        "id-edge-7": Status(
            state=State.UNREACHABLE, since=NOW - 30, detail=safe_text("no answer from 192.0.2.1 within 10 s")
        ),
    }
    session = SessionDouble(FleetDouble(default_objects(), names=NAMES, statuses=troubles))
    app = open_app(session, settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await see(pilot, "3 clusters", "UNREACHABLE")
        await counted_live(pilot, 1)
        compare(f"troubled-fleet-{size[0]}x{size[1]}", screen_text(app))
        await write(pilot, ":deploy")
        await pilot.press("enter")
        text = await see(pilot, "1/3 live", "no answer from", "syncing 1 of 3 clusters 40%")
        compare(f"troubled-rows-{size[0]}x{size[1]}", text)
        await write(pilot, "S")
        await see(pilot, "Navarch keeps trying")
        compare(f"states-{size[0]}x{size[1]}", screen_text(app))
