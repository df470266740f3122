"""Pictures of the screens about the vault, the doctor and the log, at three sizes (see ``test_pictures``)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from backend import log
from backend.diagnosis import doctor
from backend.diagnosis.check import fail, ok, warn
from backend.diagnosis.doctor import Diagnosis
from backend.text import SafeStr, safe_text
from backend.vault.slots import Slot
from console.application import NavarchApp
from console.session import Gate
from console.sessions.keeper import Elsewhere, News
from console.sessions.lock_timers import LockTimers
from tests.ui.double import NOW, SessionDouble
from tests.ui.seeing import screen_text, see, write
from tests.ui.test_pictures import SIZES, compare, fits

Open = Callable[..., NavarchApp]


def slot(number: int, kind: str, label: str, params: str = "{}") -> Slot:
    identity = hashlib.sha256(bytes([number])).digest()[:16]
    return Slot(
        slot_id=identity,
        kind=kind,
        label=label,
        params_json=params,
        nonce=b"",
        wrapped_smk=b"",
        key_commitment=b"",
        created=int(NOW) - 86400 * (20 - number),
    )


class KeeperDouble:
    """An open vault with a slot of every kind, whose time stands still."""

    def __init__(self) -> None:
        self.timers = LockTimers(clock=lambda: 0.0)
        self.is_open = True
        recipient = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"
        self.vault: Any = SimpleNamespace(
            path=Path("/vault/of/the/picture/vault.db"),
            slots=(
                slot(1, "passphrase", "passphrase"),
                slot(2, "recovery", "recovery code"),
                slot(3, "keyring", "laptop", '{"backend":"Secret Service"}'),
                slot(4, "age", "safe", f'{{"recipients":["{recipient}"],"file":""}}'),
                slot(5, "ssh-agent", "jump host", '{"key":"AAAAC3NzaC1lZDI1NTE5","challenge":""}'),
            ),
            meta=SimpleNamespace(generation=48),
            damage="",
            older="",
            count=lambda: 12,
            remembered_seconds=lambda: 480.0,
        )

    def other_ways(self) -> SafeStr:
        return safe_text("your desktop's keyring or your SSH agent")

    def opens_itself(self) -> bool:
        return False

    async def news(self) -> News:
        return News(Elsewhere.NOTHING)


class Session(SessionDouble):
    keeper: Any = None


async def go(pilot: Pilot[None], line: str, sign: str) -> None:
    await see(pilot, "90 pods")
    await write(pilot, f":{line}")
    await pilot.press("enter")
    await see(pilot, sign)


async def _vault(pilot: Pilot[None]) -> None:
    await go(pilot, "vault", "5 ways in")


async def _add(pilot: Pilot[None]) -> None:
    await _vault(pilot)
    await pilot.press("n")
    await see(pilot, "A recovery code")


async def _add_agent(pilot: Pilot[None]) -> None:
    await _add(pilot)
    await pilot.press("down", "down", "down", "down", "enter")
    await see(pilot, "root on every host")


async def _remove(pilot: Pilot[None]) -> None:
    await _vault(pilot)
    await pilot.press("D")
    await see(pilot, "gets a new key")


async def _passphrase(pilot: Pilot[None]) -> None:
    await _vault(pilot)
    await pilot.press("p")
    await see(pilot, "Once more")


async def _slot(pilot: Pilot[None]) -> None:
    await _vault(pilot)
    await pilot.press("enter")
    await see(pilot, "Way in")


async def _cover(pilot: Pilot[None]) -> None:
    await see(pilot, "90 pods")
    await pilot.press("f12")
    await see(pilot, "The screen is locked")


async def _doctor(pilot: Pilot[None]) -> None:
    await go(pilot, "doctor", "3 findings")


async def _log(pilot: Pilot[None]) -> None:
    await go(pilot, "log", "4 lines")


SCREENS = {
    "vault": _vault,
    "vault-add": _add,
    "vault-add-agent": _add_agent,
    "vault-remove": _remove,
    "vault-passphrase": _passphrase,
    "vault-slot": _slot,
    "screen-lock": _cover,
    "doctor": _doctor,
    "log": _log,
}


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    async def examined(around: object) -> list[Diagnosis]:
        return [
            Diagnosis(id="disk", title="Disk", findings=(ok("73,665 MiB free where the vault is"),)),
            Diagnosis(id="swap", title="Swap", findings=(warn("Swap is on (/dev/sda2).", "Encrypt it."),)),
            Diagnosis(
                id="folders",
                title="Own folders",
                findings=(fail("data can be changed by others.", "chmod go= data"),),
            ),
        ]

    def entry(ago: float, what: str, **facts: Any) -> log.Entry:
        return log.Entry(when=NOW - ago, pid=1, what=what, **facts)

    kept = [
        entry(300, "start", state="vault"),
        entry(290, "vault", state="unlocked"),
        entry(200, "cluster", cluster="cluster-3fa91c", state="UNREACHABLE", text="‹host-1c22› refused"),
        entry(10, "crash", places=("TypeError", "  console.application:1 in somewhere")),
    ]
    monkeypatch.setattr(doctor, "examine", examined)
    monkeypatch.setattr(log, "entries", lambda: kept)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_screen(open_app: Open, name: str, size: tuple[int, int]) -> None:
    session = Session()
    session.keeper = KeeperDouble()
    app = open_app(session)
    async with app.run_test(size=size) as pilot:
        await SCREENS[name](pilot)
        await pilot.pause()
        text = screen_text(app)
    fits(text, *size)
    compare(f"{name}-{size[0]}x{size[1]}", text)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_unlock_with_other_ways(open_app: Open, size: tuple[int, int]) -> None:
    session = Session(gate=Gate.LOCKED)
    session.keeper = KeeperDouble()
    app = open_app(session)
    async with app.run_test(size=size) as pilot:
        await see(pilot, "Enter with nothing typed asks your desktop's keyring")
        text = screen_text(app)
    compare(f"unlock-ways-{size[0]}x{size[1]}", text)


async def test_no_picture_shows_what_is_typed_or_kept(open_app: Open) -> None:
    """Textual can export its screen as SVG: a passphrase in a field is not in it, whatever asks."""
    session = Session()
    session.keeper = KeeperDouble()
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await _remove(pilot)
        await write(pilot, "canary passphrase")
        await pilot.pause()
        svg = app.export_screenshot()
        assert "canary" not in svg.replace("&#160;", " ")
        assert "recovery" in svg, "it is a picture of this screen"
        assert app.deliver_screenshot() is None
        assert app.save_screenshot() == ""
