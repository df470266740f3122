"""What the console keeps in the vault: under its seal, for every window, never taken along."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.journal import Journal
from backend.vault import Vault, VaultError
from backend.vault.exchange import export_sealed
from console.session import Refused
from console.sessions.belongings import KIND, InMemory, InVault
from tests.vault.conftest import PASSPHRASE, cheap

CANARY = b'{"at":0,"views":[["canary-of-a-cluster-name",{}]]}'


def test_a_view_is_there_for_the_next_run_and_nowhere_readable(vault: Vault, home: Path) -> None:
    InVault(vault).keep_view(CANARY)
    again = Vault.open()
    again.unlock(PASSPHRASE)
    assert InVault(again).last_view() == CANARY
    again.close()
    for file in home.rglob("*"):
        if file.is_file():
            assert b"canary-of-a-cluster-name" not in file.read_bytes(), file


def test_the_same_view_is_not_written_twice(vault: Vault) -> None:
    InVault(vault).keep_view(CANARY)
    before = vault.meta.generation
    InVault(vault).keep_view(CANARY)
    assert vault.meta.generation == before
    assert len(vault.records(KIND)) == 1


def test_two_windows_agree_without_losing_each_other_s_yes(vault: Vault) -> None:
    other = Vault.open()
    other.unlock(PASSPHRASE)
    InVault(vault).agree("a" * 64, shown="one: echo x (/bin/echo)")
    InVault(other).agree("b" * 64, shown="two: echo y (/bin/echo)")
    assert InVault(vault).agreed("b" * 64)
    assert InVault(other).agreed("a" * 64)
    assert not InVault(vault).agreed("c" * 64)
    other.close()
    said = [(entry.act, entry.object) for entry in Journal(vault).read()]
    assert said == [
        ("command approve", "one: echo x (/bin/echo)"),
        ("command approve", "two: echo y (/bin/echo)"),
    ]


def test_a_locked_vault_tells_nothing(vault: Vault) -> None:
    InVault(vault).keep_view(CANARY)
    vault.lock()
    with pytest.raises(VaultError):
        InVault(vault).last_view()
    with pytest.raises(VaultError):
        InVault(vault).agreed("a" * 64)


def test_agreements_are_never_taken_along(vault: Vault, tmp_path: Path) -> None:
    InVault(vault).agree("a" * 64, shown="one")
    written = export_sealed(
        vault, tmp_path / "export", passphrase="another one", kinds=[KIND, "cluster"], kdf=cheap()
    )
    assert written == 0


def test_without_a_vault_nothing_is_stored() -> None:
    belongings = InMemory()
    belongings.keep_view(CANARY)
    assert belongings.last_view() == b""
    belongings.agree("a", shown="x")
    assert belongings.agreed("a")
    assert not InMemory().agreed("a")
    with pytest.raises(Refused, match="needs a vault"):
        belongings.kubeconfig("x")
