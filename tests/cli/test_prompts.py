"""What a person at a terminal is asked: the real program in a pseudo terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.cli.vault_command import PASSPHRASE, ROOT, Navarch
from tests.fleet.registry.conftest import Kubeconfig
from tests.fleet.registry.test_review import exec_user, plugin


@pytest.fixture
def navarch(tmp_path: Path) -> Iterator[Navarch]:
    made = Navarch(tmp_path)
    made.make_vault()
    yield made
    made("vault", "lock")


def at_terminal(navarch: Navarch, *arguments: str) -> pexpect.spawn:
    told = {k: v for k, v in os.environ.items() if not k.startswith(("NAVARCH", "KUBE"))}
    told |= {"NAVARCH_HOME": str(navarch.home), "HOME": str(navarch.folder), "TERM": "xterm"}
    command = ["-m", "console", *arguments]
    return pexpect.spawn(sys.executable, command, env=told, cwd=str(ROOT), encoding="utf-8", timeout=40)


def ended(child: pexpect.spawn) -> int:
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def test_first_steps_typed_by_a_person(tmp_path: Path) -> None:
    navarch = Navarch(tmp_path)
    child = at_terminal(navarch, "vault", "init")
    child.expect("Passphrase for the new vault: ")
    child.sendline("a phrase of mine")
    child.expect("Once more: ")
    child.sendline("a phrase of mime")
    child.expect("two different passphrases")
    for _ in range(2):
        child.expect(": ")
        child.sendline("a phrase of mine")
    child.expect(r"(?:[A-Z2-7]{4}-){7}[A-Z2-7]{4}")
    assert "a phrase of mine" not in child.before
    assert ended(child) == 0
    navarch("vault", "lock")
    child = at_terminal(navarch, "cluster", "list")
    child.expect("Passphrase of the vault: ")
    child.sendline("a phrase of mine")
    child.expect("holds no clusters")
    assert ended(child) == 5
    navarch("vault", "lock")


def test_import_asks_for_each_cluster_and_each_danger(navarch: Navarch, tmp_path: Path) -> None:
    program, marker = plugin(tmp_path)
    file = Kubeconfig(tmp_path)
    file.add("good", {"token": "t"})
    file.add("risky", {"token": "t"}, **{"insecure-skip-tls-verify": True})
    file.add("unwanted", {"token": "t"})
    file.add("cloud", exec_user(str(program)))
    child = at_terminal(navarch, "cluster", "import", str(file.path))
    child.expect("Passphrase of the vault: ")
    child.sendline(PASSPHRASE)
    for question, answer in (
        (r"Import good .*\[Y/n\] ", ""),
        (r"Import risky .*\[y/N\] ", "y"),
        (r"not checked.* Agree\? \[y/N\] ", "y"),
        (r"Import unwanted .*\[Y/n\] ", "n"),
        (r"Import cloud .*\[Y/n\] ", "y"),
        (r"let this program run\? .*plugin.sh token '--for me'.* \[y/N\] ", "y"),
    ):
        child.expect(question)
        child.sendline(answer)
    child.expect("imported 3 clusters: good, risky, cloud")
    child.expect("programs may run for: cloud")
    assert ended(child) == 0
    assert not marker.exists(), "approved is not run"
    shown = json.loads(navarch.done("cluster", "show", "cloud", "-o", "json"))
    assert shown[0]["approvedProgram"]["path"] == str(program)


def test_a_file_in_memory_asks_before_its_program_runs(navarch: Navarch, tmp_path: Path) -> None:
    program, marker = plugin(tmp_path)
    file = Kubeconfig(tmp_path)
    file.add("cloud", exec_user(str(program)), server="https://127.0.0.1:1")
    for answer, ran in (("n", False), ("y", True)):
        child = at_terminal(navarch, "get", "pods", "--kubeconfig", str(file.path))
        child.expect("SHA-256")
        child.expect("for this command only")
        child.sendline(answer)
        assert ended(child) == 1
        assert marker.exists() == ran
    marker.unlink()
    assert "never approved" in navarch("get", "pods", "--kubeconfig", str(file.path)).stderr
    assert not marker.exists(), "without a terminal nobody agreed"


def test_declined_danger_is_left_out(navarch: Navarch, tmp_path: Path) -> None:
    file = Kubeconfig(tmp_path)
    file.add("risky", {"token": "t"}, **{"insecure-skip-tls-verify": True})
    child = at_terminal(navarch, "cluster", "import", str(file.path))
    child.expect("Passphrase of the vault: ")
    child.sendline(PASSPHRASE)
    child.expect("Import risky")
    child.sendline("y")
    child.expect("Agree")
    child.sendline("")
    child.expect("risky was left out")
    assert ended(child) == 1


def test_plaintext_export_wants_a_typed_word(navarch: Navarch, tmp_path: Path) -> None:
    file = Kubeconfig(tmp_path)
    file.add("good", {"token": "canary-t"})
    navarch.done("cluster", "import", str(file.path), "--yes")
    target = tmp_path / "plain"
    for word, expected in (("yes", 4), ("plaintext", 0)):
        child = at_terminal(navarch, "vault", "export", str(target), "--plaintext-kubeconfig")
        if child.expect(["Passphrase of the vault: ", "Type plaintext"]) == 0:
            child.sendline(PASSPHRASE)
            child.expect("Type plaintext")
        child.sendline(word)
        assert ended(child) == expected
        assert target.exists() == (expected == 0)
    assert "canary-t" in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o600


def test_protected_cluster_goes_only_with_its_name_typed(navarch: Navarch, tmp_path: Path) -> None:
    file = Kubeconfig(tmp_path)
    file.add("prod", {"token": "t"})
    navarch.done("cluster", "import", str(file.path), "--yes")
    navarch.done("cluster", "protect", "prod")
    for word, expected in (("y", 4), ("prod", 0)):
        child = at_terminal(navarch, "cluster", "remove", "prod")
        if child.expect(["Passphrase of the vault: ", "Type prod"]) == 0:
            child.sendline(PASSPHRASE)
            child.expect("Type prod")
        child.sendline(word)
        assert ended(child) == expected


def test_ctrl_c_at_the_prompt_ends_quietly(navarch: Navarch) -> None:
    child = at_terminal(navarch, "cluster", "list")
    child.expect("Passphrase of the vault: ")
    child.sendintr()
    child.expect(pexpect.EOF)
    assert "Traceback" not in child.before
    child.close()
    assert child.exitstatus == 130


def test_credential_never_asks_even_at_a_terminal(navarch: Navarch) -> None:
    child = at_terminal(navarch, "credential", "--cluster", "x")
    child.expect("The vault is locked")
    assert ended(child) == 3


ASKING = """#!/bin/sh
printf 'One-time code: ' >&2
read code
[ "$code" = 4711 ] || { echo 'this code is wrong' >&2; exit 3; }
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'
"""


def test_a_program_that_asks_a_person_can_log_in(navarch: Navarch, tmp_path: Path) -> None:
    program = tmp_path / "asking.sh"
    program.write_text(ASKING)
    program.chmod(0o755)
    file = Kubeconfig(tmp_path)
    file.add("cloud", exec_user(str(program), interactiveMode="Always"))
    navarch("cluster", "import", str(file.path), "--yes")
    for code, sign, end in (
        ("0815", "this code is wrong", 1),
        ("4711", "cloud: the program gave a credential", 0),
    ):
        child = at_terminal(navarch, "cluster", "login", "cloud")
        if code == "0815":
            child.expect("Passphrase of the vault: ")
            child.sendline(PASSPHRASE)
            child.expect(r"Let this program run with your rights\? \[y/N\] ")
            child.sendline("y")
        child.expect("One-time code: ")
        child.sendline(code)
        child.expect(sign)
        assert ended(child) == end
