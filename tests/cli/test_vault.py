"""``navarch vault`` as scripts use it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from console.cli.exits import Exit
from tests.cli.vault_command import PASSPHRASE, Navarch

CODE = re.compile(r"(?:[A-Z2-7]{4}-){7}[A-Z2-7]{4}")


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    return Navarch(tmp_path)


@pytest.fixture
def with_vault(navarch: Navarch):
    """A vault that is locked."""
    navarch.code = navarch.make_vault()
    yield navarch
    navarch("vault", "lock")


def test_init_prints_the_code_alone_on_stdout(navarch: Navarch) -> None:
    result = navarch("vault", "init")
    assert result.returncode == Exit.OK
    assert CODE.fullmatch(result.stdout.strip())
    assert not CODE.search(result.stderr)
    again = navarch("vault", "init")
    assert again.returncode == Exit.REFUSED
    assert "already" in again.stderr
    navarch("vault", "lock")


def test_init_without_a_terminal_or_passphrase_does_nothing(navarch: Navarch) -> None:
    result = navarch("vault", "init", unlocked=False)
    assert result.returncode == Exit.REFUSED
    assert "NAVARCH_PASSWORD_FILE" in result.stderr
    assert navarch("vault", "status", "-o", "json", unlocked=False).returncode == Exit.NOTHING


def test_weak_passphrase_is_refused(navarch: Navarch) -> None:
    weak = navarch.secret_file("weak", "short")
    result = navarch("vault", "init", NAVARCH_PASSWORD_FILE=weak, unlocked=False)
    assert result.returncode == Exit.REFUSED
    assert "ten characters" in result.stderr


@pytest.mark.parametrize(
    "command", [("cluster", "list"), ("get", "pods"), ("journal",), ("kubeconfig",), ("vault", "backup")]
)
def test_locked_without_a_terminal_ends_with_three(with_vault: Navarch, command: tuple[str, ...]) -> None:
    result = with_vault(*command, unlocked=False)
    assert result.returncode == Exit.LOCKED
    assert "navarch vault unlock" in result.stderr
    assert result.stdout == ""


def test_wrong_passphrase_is_one_sentence_and_a_step(with_vault: Navarch) -> None:
    wrong = with_vault.secret_file("wrong", "not the right words")
    result = with_vault("cluster", "list", NAVARCH_PASSWORD_FILE=wrong, unlocked=False)
    assert result.returncode == Exit.LOCKED
    assert result.stderr.startswith("navarch: This passphrase does not open the vault.")
    assert "Traceback" not in result.stderr
    assert "not the right words" not in result.stderr


def test_passphrase_from_a_command_without_a_shell(with_vault: Navarch, tmp_path: Path) -> None:
    program = tmp_path / "a program"
    program.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n")
    program.chmod(0o755)
    found = with_vault("cluster", "list", unlocked=False, NAVARCH_PASSWORD_COMMAND=f"'{program}'")
    assert found.returncode == Exit.NOTHING
    failing = with_vault("cluster", "list", unlocked=False, NAVARCH_PASSWORD_COMMAND="false ; true")
    assert failing.returncode == Exit.LOCKED


def test_passphrase_file_that_others_can_read_is_refused(with_vault: Navarch) -> None:
    path = Path(with_vault.secret_file("open", PASSPHRASE))
    path.chmod(0o644)
    result = with_vault("cluster", "list", unlocked=False, NAVARCH_PASSWORD_FILE=str(path))
    assert result.returncode == Exit.REFUSED
    assert "chmod 600" in result.stderr


def test_unlock_holds_for_the_next_command_until_locked(with_vault: Navarch) -> None:
    unlocked = with_vault("vault", "unlock", "--for", "2m")
    if "keyring" in unlocked.stderr:
        pytest.skip(unlocked.stderr)
    assert unlocked.returncode == Exit.OK
    status = json.loads(with_vault.done("vault", "status", "-o", "json", unlocked=False))
    assert status["unlocked"]
    assert 0 < status["secondsLeft"] <= 120
    assert with_vault("cluster", "list", unlocked=False).returncode == Exit.NOTHING
    with_vault.done("vault", "lock", unlocked=False)
    assert with_vault("cluster", "list", unlocked=False).returncode == Exit.LOCKED


def test_recovery_code_opens_and_sets_a_new_passphrase_by_slot(with_vault: Navarch) -> None:
    code = with_vault.secret_file("code", with_vault.code)
    new = with_vault.secret_file("new", "a wholly new set of words")
    with_vault.done(
        "vault",
        "slot",
        "add",
        "--label",
        "new",
        unlocked=False,
        NAVARCH_PASSWORD_FILE=code,
        NAVARCH_NEW_PASSWORD_FILE=new,
    )
    assert with_vault("cluster", "list", unlocked=False, NAVARCH_PASSWORD_FILE=new).returncode == Exit.NOTHING


def test_passwd(with_vault: Navarch) -> None:
    new = with_vault.secret_file("new", "a wholly new set of words")
    with_vault.done("vault", "passwd", NAVARCH_NEW_PASSWORD_FILE=new)
    assert with_vault("cluster", "list").returncode == Exit.LOCKED
    assert with_vault("cluster", "list", unlocked=False, NAVARCH_PASSWORD_FILE=new).returncode == Exit.NOTHING


def test_slot_removal_replaces_the_recovery_code(with_vault: Navarch) -> None:
    with_vault.done("vault", "slot", "add", "--recovery", "--label", "safe")
    slots = json.loads(with_vault.done("vault", "slot", "list", "-o", "json", unlocked=False))
    assert [slot["kind"] for slot in slots].count("recovery") == 2
    first = next(slot for slot in slots if slot["label"] == "safe")
    result = with_vault("vault", "slot", "remove", first["id"])
    assert result.returncode == Exit.OK
    [fresh] = CODE.findall(result.stdout)
    old = with_vault.secret_file("old", with_vault.code)
    assert with_vault("cluster", "list", unlocked=False, NAVARCH_PASSWORD_FILE=old).returncode == Exit.LOCKED
    code = with_vault.secret_file("fresh", fresh)
    assert (
        with_vault("cluster", "list", unlocked=False, NAVARCH_PASSWORD_FILE=code).returncode == Exit.NOTHING
    )


def test_an_older_copy_is_told_until_a_person_accepts_it(with_vault: Navarch) -> None:
    vault = with_vault.home / "data" / "vault.db"
    old = vault.read_bytes()
    with_vault.done("vault", "slot", "add", "--recovery")
    vault.write_bytes(old)
    for _ in range(2):
        assert "older than the one last opened" in with_vault("cluster", "list").stderr
    assert with_vault("vault", "check").returncode == Exit.FAILED
    assert with_vault("vault", "check", "--repair").returncode == Exit.REFUSED
    with_vault.done("vault", "check", "--repair", "--yes")
    assert "older" not in with_vault("cluster", "list").stderr
    [line] = json.loads(with_vault.done("journal", "-o", "json"))
    assert line["act"] == "vault accepted"


def test_backup_check_and_restore(with_vault: Navarch, tmp_path: Path) -> None:
    with_vault.done("vault", "backup", str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert all(finding["ok"] for finding in json.loads(with_vault.done("vault", "check", "-o", "json")))
    vault = with_vault.home / "data" / "vault.db"
    content = bytearray(vault.read_bytes())
    content[:4096] = bytes(4096)
    vault.write_bytes(content)
    broken = with_vault("cluster", "list")
    assert broken.returncode == Exit.FAILED
    assert "--restore" in broken.stderr
    unsure = with_vault("vault", "backup", "--restore", str(tmp_path / "copy.db"))
    assert unsure.returncode == Exit.REFUSED
    with_vault.done("vault", "backup", "--restore", str(tmp_path / "copy.db"), "--yes")
    assert with_vault("cluster", "list").returncode == Exit.NOTHING
