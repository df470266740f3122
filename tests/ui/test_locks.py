"""Locking: the covered screen, timers, and two consoles on one vault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from backend.fleet.registry import ClusterRecord, Registry
from backend.fleet.registry.record import KIND
from backend.secret import Secret
from backend.vault import Vault, rekey
from backend.vault.kdf import fresh_params
from backend.vault.lock_mark import lock_everywhere
from console.application import NavarchApp
from console.session import Gate
from console.sessions import VaultSession
from console.sessions.lock_timers import LockTimers
from console.settings import Settings
from tests.ui.double import FleetDouble
from tests.ui.seeing import screen_text, see, until, write

PASSPHRASE = "correct horse battery staple"
Open = Callable[..., NavarchApp]


class Session(VaultSession):
    """A real vault; the fleet is written by the test."""

    def __init__(self, path: Path, fleet: FleetDouble | None = None) -> None:
        super().__init__(path=path)
        self.fleet = fleet or FleetDouble()
        self.clock = 0.0
        self.keeper.timers = LockTimers(clock=lambda: self.clock)

    async def open_fleet(self) -> Any:
        self.keeper.members()
        return self.fleet


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    for name in ("DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "vault.db"
    vault, _ = Vault.create(path, passphrase=PASSPHRASE, kdf=fresh_params(memory=64, passes=1, lanes=1))
    vault.lock()
    vault.close()
    return path


async def unlocked(path: Path, **options: Any) -> Session:
    session = Session(path, **options)
    await session.unlock(Secret(PASSPHRASE))
    return session


def chosen(folder: Path, **lock: int) -> Settings:
    """Settings from a file, as a person would write them."""
    lines = "\n".join(f"{name} = {value}" for name, value in lock.items())
    (folder / "settings.toml").write_text(f"[lock]\n{lines}\n")
    return Settings(folder / "settings.toml")


async def passphrase(pilot: Pilot[None]) -> None:
    await write(pilot, PASSPHRASE)
    await pilot.press("enter")


async def tick(app: NavarchApp) -> None:
    """What the clock does once a second, and what it set going."""
    app.locks.tick()
    await app.workers.wait_for_complete(
        [worker for worker in app.workers if worker.group in {"elsewhere", "lock"}]
    )


async def test_the_covered_screen_shows_nothing_and_opens_with_the_passphrase_alone(
    open_app: Open, path: Path
) -> None:
    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods", "3/3 live")
        await pilot.press("f12")
        text = await see(pilot, "The screen is locked")
        for word in ("prod", "edge", "pods", "live", "v1.35"):
            assert word not in text, word
        await pilot.press("escape", "ctrl+p", "question_mark", "D")
        await see(pilot, "The screen is locked")
        await write(pilot, "wrong")
        await pilot.press("enter")
        assert "prod" not in await see(pilot, "does not open")
        for _ in range(8):
            await pilot.press("backspace")
        await passphrase(pilot)
        await see(pilot, "90 pods", "3/3 live")


async def test_what_happens_below_a_cover_stays_below_it(open_app: Open, path: Path) -> None:
    """Workers go on: dialogs that open or end, and views that change, must neither show nor uncover."""
    from console.screens.theme import ThemeScreen
    from console.views import SCREENS

    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        dialog = ThemeScreen()
        app.push_screen(dialog)
        await see(pilot, "High contrast")
        app.locks.cover()
        await see(pilot, "The screen is locked")
        dialog.dismiss(None)
        await until(pilot, lambda: not dialog.is_running, what="the dialog's end")
        assert "The screen is locked" in screen_text(app)
        app.push_screen(ThemeScreen())
        await pilot.pause()
        assert "High contrast" not in screen_text(app)
        app.show(SCREENS["journal"])
        await until(pilot, lambda: app.frame is not None and app.frame.crumbs() == ("journal",))
        text = screen_text(app)
        assert "The screen is locked" in text
        assert "journal" not in text
        await passphrase(pilot)
        await see(pilot, "journal")


async def test_idle_covers_the_screen_then_locks_the_vault(open_app: Open, path: Path) -> None:
    session = await unlocked(path)
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods", "🔒10m")
        session.clock = 550.0
        await tick(app)
        await see(pilot, "The screen locks in a minute")
        await pilot.press("j")
        await tick(app)
        await see(pilot, "🔒10m")
        session.clock = 550.0 + 601.0
        await tick(app)
        await see(pilot, "The screen is locked")
        await pilot.press("x", "backspace")  # anybody may press keys there: the vault's time runs on
        assert session.gate() is Gate.OPEN
        session.clock = 550.0 + 1801.0
        await tick(app)
        await see(pilot, "the vault is locked", "its time was over")
        assert session.gate() is Gate.LOCKED
        assert session.fleet.closed
        await passphrase(pilot)
        await see(pilot, "90 pods")


async def test_a_busy_person_is_locked_out_after_the_whole_time_too(
    open_app: Open, path: Path, tmp_path: Path
) -> None:
    session = await unlocked(path)
    app = open_app(session, settings=chosen(tmp_path, screen_minutes=0, idle_minutes=0, hours=1))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods", "🔒60m")
        session.clock = 3599.0
        await pilot.press("j")
        await tick(app)
        await see(pilot, "The vault locks in a minute")
        session.clock = 3601.0
        await tick(app)
        await see(pilot, "the vault is locked")


async def test_nothing_locks_itself_when_nothing_should(open_app: Open, path: Path, tmp_path: Path) -> None:
    session = await unlocked(path)
    app = open_app(session, settings=chosen(tmp_path, screen_minutes=0, idle_minutes=0, hours=0))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        session.clock = 1e9
        await tick(app)
        assert "🔒" not in await see(pilot, "90 pods")
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked")


async def test_locking_one_console_leaves_the_other_open(open_app: Open, path: Path) -> None:
    here, there = await unlocked(path), await unlocked(path)
    app = open_app(here)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        await there.lock()
        await tick(app)
        await see(pilot, "90 pods")
        assert here.gate() is Gate.OPEN
    await there.close()


async def test_vault_lock_reaches_every_console(open_app: Open, path: Path) -> None:
    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        lock_everywhere(Vault.open(path))
        await tick(app)
        await see(pilot, "the vault is locked", "in another window")
        await passphrase(pilot)
        await see(pilot, "90 pods")
        await tick(app)
        await see(pilot, "90 pods")


async def test_a_key_changed_elsewhere_asks_again(open_app: Open, path: Path) -> None:
    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        other = Vault.open(path)
        other.unlock(PASSPHRASE)
        rekey.rotate(other, passphrases=[PASSPHRASE])
        other.close()
        await tick(app)
        await see(pilot, "the vault is locked", "key was changed")
        await passphrase(pilot)
        await see(pilot, "90 pods")


class Real(VaultSession):
    """A real vault and the real fleet of it; nobody answers at its servers."""


async def test_two_consoles_see_each_others_clusters_and_tags(open_app: Open, path: Path) -> None:
    here = Real(path=path)
    await here.unlock(Secret(PASSPHRASE))
    other = Vault.open(path)
    other.unlock(PASSPHRASE)
    app = open_app(here)
    async with app.run_test(size=(160, 40)) as pilot:
        await see(pilot, "fleet")
        await until(pilot, lambda: app.fleet_now is not None)
        other.put(KIND, ClusterRecord(name="new-one", server="https://127.0.0.1:9").encode())
        await tick(app)
        await see(pilot, "new-one", "clusters changed")
        known = Registry(other).known()[0]
        before = app.fleet_now
        Registry(other).change(known, _tagged, act="tag")
        await tick(app)
        await until(pilot, lambda: app.members[0].tags == ("blue",), what="the tag")
        assert app.fleet_now is before, "connections stay when only words change"
        # While somebody types, the view stays under their hands.
        await pilot.press(":")
        Registry(other).remove(Registry(other).known()[0])
        await tick(app)
        assert app.members
        await pilot.press("escape")
        await until(pilot, lambda: app.frame is not None and not app.frame.prompt.is_open)
        await tick(app)
        await until(pilot, lambda: not app.members, what="the removal")
    other.close()


def _tagged(record: ClusterRecord) -> ClusterRecord:
    import msgspec

    return msgspec.structs.replace(record, tags=("blue",))


def test_timers_go_on_while_the_machine_sleeps() -> None:
    """The clock of suspended time, where the system has one."""
    import time

    from console.sessions.lock_timers import awake_or_asleep

    if hasattr(time, "CLOCK_BOOTTIME"):
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert before <= awake_or_asleep() <= time.clock_gettime(time.CLOCK_BOOTTIME)
