"""``navarch vault slot`` and the ways to unlock, as scripts use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from console.cli.exits import Exit
from tests.cli.vault_command import Navarch
from tests.vault import secret_service


@pytest.fixture
def navarch(tmp_path: Path) -> Iterator[Navarch]:
    made = Navarch(tmp_path, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere", "SSH_AUTH_SOCK": ""})
    made.make_vault()
    yield made
    made("vault", "lock")


def listed(navarch: Navarch) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(
        navarch.done("vault", "slot", "list", "-o", "json", unlocked=False)
    )
    return found


def test_age_slot_is_added_listed_opened_and_removed(navarch: Navarch, tmp_path: Path) -> None:
    mine = pyrage.x25519.Identity.generate()
    navarch.done("vault", "slot", "add", "--age", str(mine.to_public()), "--label", "safe")
    slot = next(slot for slot in listed(navarch) if slot["kind"] == "age")
    assert slot["label"] == "safe"
    assert slot["opensWith"].endswith(str(mine.to_public())[-6:])
    identity = navarch.secret_file("identity", str(mine))
    unlocked = navarch("vault", "unlock", "--identity", identity, unlocked=False)
    if "keyring is forbidden" in unlocked.stderr:
        pytest.skip(unlocked.stderr)
    assert navarch("cluster", "list", unlocked=False).returncode == Exit.NOTHING
    navarch.done("vault", "slot", "remove", slot["id"])
    refused = navarch("vault", "unlock", "--identity", identity, unlocked=False)
    assert refused.returncode == Exit.LOCKED
    assert "No age slot" in refused.stderr
    said = navarch.done("journal")
    assert "vault slot add" in said
    assert "vault slot remove" in said


@pytest.mark.skipif(secret_service.DAEMON is None, reason="needs dbus-daemon")
def test_a_keyring_opens_by_itself_until_somebody_locks_on_purpose(navarch: Navarch, tmp_path: Path) -> None:
    with secret_service.running(tmp_path / "bus") as address:
        navarch.environment["DBUS_SESSION_BUS_ADDRESS"] = address
        navarch.done("vault", "slot", "add", "--keyring")
        assert navarch("cluster", "list", unlocked=False).returncode == Exit.NOTHING
        navarch.done("vault", "lock", unlocked=False)
        assert navarch("cluster", "list", unlocked=False).returncode == Exit.LOCKED
        unlocked = navarch("vault", "unlock", "--keyring", unlocked=False)
        if "keyring is forbidden" not in unlocked.stderr:
            assert unlocked.returncode == Exit.OK
            assert navarch("cluster", "list", unlocked=False).returncode == Exit.NOTHING


def test_an_agent_slot_needs_a_yes_and_says_the_risk(navarch: Navarch) -> None:
    result = navarch("vault", "slot", "add", "--ssh-agent", "")
    assert result.returncode == Exit.REFUSED
    assert "root on every host" in result.stderr
    agreed = navarch("vault", "slot", "add", "--ssh-agent", "", "--yes")
    assert agreed.returncode == Exit.LOCKED
    assert "no SSH agent" in agreed.stderr


def test_one_kind_at_a_time(navarch: Navarch) -> None:
    result = navarch("vault", "slot", "add", "--keyring", "--recovery")
    assert result.returncode == Exit.USAGE
    assert {slot["kind"] for slot in listed(navarch)} == {"passphrase", "recovery"}
