"""Unlocking without typing: the keyring by itself at the start, never after a lock on purpose; an agent only
when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.secret import Secret
from backend.vault import Vault, os_keyring, rekey
from backend.vault.lock_mark import lock_everywhere
from backend.vault.os_keyring import KeyringUnusable
from console.application import NavarchApp
from console.session import Gate
from tests.ui.seeing import see
from tests.ui.test_locks import PASSPHRASE, Session, path, tick  # noqa: F401 - path is a fixture

Open = Callable[..., NavarchApp]


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    kept: dict[str, bytes] = {}

    def put(entry: str, secret: bytes | bytearray, *, seconds: float = 0) -> str:
        kept[entry] = bytes(secret)
        return "Secret Service"

    def get(entry: str, *, seconds: float = 0) -> bytearray | None:
        found = kept.get(entry)
        return bytearray(found) if found is not None else None

    monkeypatch.setattr(os_keyring, "put", put)
    monkeypatch.setattr(os_keyring, "get", get)
    return kept


def with_keyring(path: Path) -> None:  # noqa: F811
    vault = Vault.open(path)
    vault.unlock(PASSPHRASE)
    rekey.add_keyring(vault, label="laptop")
    vault.lock()
    vault.close()


async def test_a_keyring_opens_the_console_at_its_start(
    open_app: Open,
    path: Path,  # noqa: F811
    desktop: dict[str, bytes],
) -> None:
    with_keyring(path)
    session = Session(path)
    assert session.gate() is Gate.LOCKED
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "90 pods")
        # A lock on purpose holds: nothing opens by itself, a key press does.
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked", "Enter with nothing typed asks your desktop's keyring")
        await tick(app)
        assert session.gate() is Gate.LOCKED
        await pilot.press("enter")
        await see(pilot, "90 pods")


async def test_after_vault_lock_the_keyring_waits_to_be_asked(
    open_app: Open,
    path: Path,  # noqa: F811
    desktop: dict[str, bytes],
) -> None:
    with_keyring(path)
    vault = Vault.open(path)
    lock_everywhere(vault)
    vault.close()
    session = Session(path)
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "the vault is locked", "Enter with nothing typed")
        await tick(app)
        assert session.gate() is Gate.LOCKED
        await pilot.press("enter")
        await see(pilot, "90 pods")


async def test_a_keyring_that_does_not_answer_leaves_the_passphrase(
    open_app: Open,
    path: Path,  # noqa: F811
    desktop: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(entry: str, *, seconds: float = 0) -> None:
        raise KeyringUnusable("The desktop's keyring did not answer within 5 seconds.")

    with_keyring(path)
    monkeypatch.setattr(os_keyring, "get", silent)
    session = Session(path)
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "did not answer within 5 seconds")
        await session.unlock(Secret(PASSPHRASE))
        assert session.gate() is Gate.OPEN
