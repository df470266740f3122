"""The Vault screen on a real vault; the doctor's and the log's screens beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from textual.pilot import Pilot

from backend.journal import Journal
from backend.vault import Vault, WrongKey, rekey
from backend.vault.kdf import fresh_params
from console.application import NavarchApp
from console.terminal.traits import Traits
from tests.ui.double import SessionDouble
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.test_locks import PASSPHRASE, path, unlocked  # noqa: F401 - path is a fixture

Open = Callable[..., NavarchApp]


async def at_the_vault(pilot: Pilot[None]) -> None:
    await see(pilot, "90 pods")
    await write(pilot, ":vault")
    await pilot.press("enter")
    await see(pilot, "2 ways in", "recovery", "the code on paper")


async def fill(pilot: Pilot[None], *values: str) -> None:
    for value in values:
        if value:
            await write(pilot, value)
        await pilot.press("enter")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["small", "large"])
async def test_it_says_how_the_vault_is(open_app: Open, path: Path, size: tuple[int, int]) -> None:  # noqa: F811
    app = open_app(await unlocked(path))
    async with app.run_test(size=size) as pilot:
        await at_the_vault(pilot)
        text = await see(pilot, "its seal holds", "0 kept", "screen in 10 min, vault in 30 min")
        assert all(len(line) <= size[0] for line in text.split("\n"))
        await pilot.press("b")
        await see(pilot, "A copy is in", "1 kept")
        await pilot.press("K")
        await see(pilot, "The vault's check", "the file is whole", "unbroken")
        await pilot.press("escape")
        await gone(pilot, "the file is whole")
        await pilot.press("enter")
        await see(pilot, "Way in")


async def test_adding_asks_for_the_passphrase_again(open_app: Open, path: Path) -> None:  # noqa: F811
    mine = pyrage.x25519.Identity.generate()
    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_the_vault(pilot)
        await pilot.press("n")
        await see(pilot, "Another passphrase", "Age or SSH public keys")
        await pilot.press("down", "down", "down", "enter")
        await see(pilot, "Recipients")
        await fill(pilot, "not the passphrase", str(mine.to_public()), "safe")
        await see(pilot, "does not open the vault")
        proof = app.screen.query_one("#proof")
        proof.value = PASSPHRASE  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await see(pilot, "3 ways in", "safe", "age1")
    assert [slot.kind for slot in Vault.open(path).slots].count("age") == 1


async def test_the_passphrase_is_changed_in_place(open_app: Open, path: Path) -> None:  # noqa: F811
    app = open_app(await unlocked(path))
    new = "another battery, other staples"
    async with app.run_test(size=(120, 40)) as pilot:
        await at_the_vault(pilot)
        await write(pilot, "p")
        await see(pilot, "Change the passphrase", "Once more")
        await fill(pilot, "not the passphrase", "short")
        await see(pilot, "weak")
        await fill(pilot, "short")
        await see(pilot, "Too weak")
        app.screen.query_one("#first").value = new  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await see(pilot, "not the same")
        assert new not in screen_text(app)
        app.screen.query_one("#second").value = new  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await see(pilot, "does not open the vault")
        app.screen.query_one("#old").value = PASSPHRASE  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await see(pilot, "The passphrase is changed", "2 ways in", "1 kept")
    vault = Vault.open(path)
    with pytest.raises(WrongKey):
        vault.unlock(PASSPHRASE)
    vault.unlock(new)
    assert "vault passwd" in [entry.act for entry in Journal(vault).read()]
    vault.close()


async def test_a_recovery_code_is_shown_once(open_app: Open, path: Path) -> None:  # noqa: F811
    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_the_vault(pilot)
        await pilot.press("n")
        await see(pilot, "A recovery code")
        await pilot.press("down", "enter")
        await see(pilot, "It is shown once")
        await fill(pilot, PASSPHRASE, "drawer")
        text = await see(pilot, "Write it on paper")
        found = re.search(r"(?:[A-Z2-7]{4}-){7}[A-Z2-7]{4}", text)
        assert found is not None
        await pilot.press("escape")
        await see(pilot, "3 ways in", "drawer")
        assert found[0] not in screen_text(app)
    vault = Vault.open(path)
    vault.unlock(found[0])
    vault.close()


async def test_removing_changes_the_key_and_asks_for_those_who_stay(
    open_app: Open,
    path: Path,  # noqa: F811
) -> None:
    session = await unlocked(path)
    vault = session.keeper.vault
    assert vault is not None
    cheap = fresh_params(memory=64, passes=1, lanes=1)
    rekey.add_passphrase(vault, "of somebody who stays", label="colleague", kdf=cheap)
    leaving = rekey.add_passphrase(vault, "of somebody who leaves", label="leaving", kdf=cheap)
    epoch = vault.meta.epoch
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        await write(pilot, ":vault")
        await pilot.press("enter")
        await see(pilot, "4 ways in", "leaving")
        table = app.frame.table  # type: ignore[union-attr]
        await until(pilot, lambda: table.row is not None)
        while table.row.slot_id != leaving.slot_id:
            await pilot.press("down")
        await pilot.press("D")
        await see(pilot, "Remove passphrase", "gets a new key")
        await fill(pilot, PASSPHRASE)
        await see(pilot, "colleague", "which stays")
        await fill(pilot, "of somebody who stays")
        await see(pilot, "Write it on paper")
        await pilot.press("escape")
        await see(pilot, "3 ways in")
    again = Vault.open(path)
    assert again.meta.epoch == epoch + 1
    with pytest.raises(WrongKey):
        again.unlock("of somebody who leaves")
    again.unlock("of somebody who stays")
    assert "vault slot remove" in [entry.act for entry in Journal(again).read()]
    again.close()


async def test_slots_changed_elsewhere_appear(open_app: Open, path: Path) -> None:  # noqa: F811
    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_the_vault(pilot)
        other = Vault.open(path)
        other.unlock(PASSPHRASE)
        rekey.add_recovery_code(other, label="from elsewhere")
        other.close()
        await see(pilot, "3 ways in", "from elsewhere")


async def test_locking_from_the_vault_screen(open_app: Open, path: Path) -> None:  # noqa: F811
    app = open_app(await unlocked(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_the_vault(pilot)
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked")


async def test_without_a_vault_there_is_no_such_screen(open_app: Open) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        await write(pilot, ":vault")
        await pilot.press("enter")
        await see(pilot, "There is no screen")


async def test_doctor_and_log_screens(open_app: Open, path: Path) -> None:  # noqa: F811
    from backend import log

    log.start()
    try:
        log.note("error", state="SomethingHappened", text="a sentence of the log")
        session = await unlocked(path)
        session.fleet.members.clear()
        app = open_app(session, traits=Traits())
        async with app.run_test(size=(160, 50)) as pilot:
            await see(pilot, "fleet")
            await write(pilot, ":doctor")
            await pilot.press("enter")
            await see(pilot, "findings", "Python", "Own folders")
            await write(pilot, ":log")
            await pilot.press("enter")
            await see(pilot, "SomethingHappened", "a sentence of the log")
            await pilot.press("down", "enter")  # the newest line is the unlocking
            await see(pilot, "error SomethingHappened")
    finally:
        log.stop()
