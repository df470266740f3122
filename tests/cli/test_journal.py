"""``navarch journal`` for an auditor: chosen lines, other forms, following, a clear verdict."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.journal import Journal
from backend.journal.journal import Outcome
from backend.vault import Vault
from tests.cli.vault_command import PASSPHRASE, ROOT, Navarch


@pytest.fixture
def person(tmp_path: Path) -> Navarch:
    made = Navarch(tmp_path)
    made.make_vault()
    for act, cluster, outcome in (
        ("delete", "prod-eu", Outcome.STARTED),
        ("delete", "prod-eu", Outcome.DONE),
        ("scale", "edge-7", Outcome.FAILED),
    ):
        write(made, act, cluster, outcome)
    return made


def write(person: Navarch, act: str, cluster: str, outcome: Outcome = Outcome.DONE) -> None:
    vault = Vault.open(person.home / "data" / "vault.db", state=person.home / "state")
    vault.unlock(PASSPHRASE)
    Journal(vault).append(act, cluster=cluster, outcome=outcome, object="=formula", detail="3 → 5 replicas")
    vault.close()


def test_lines_are_chosen(person: Navarch) -> None:
    def acts(*options: str) -> list[str]:
        return [line["act"] for line in json.loads(person.done("journal", "-o", "json", *options))]

    assert acts("--act", "delete", "--outcome", "done") == ["delete"]
    assert acts("-c", "edge-*") == ["scale"]
    assert len(acts("--since", "1h")) >= 3
    assert person("journal", "--until", "1h").returncode == 5
    assert person("journal", "--who", "nobody-of-that-name").returncode == 5
    assert person("journal", "--since", "yesterday").returncode == 2
    assert person("journal", "--outcome", "maybe").returncode == 2


def test_csv_for_a_spreadsheet(person: Navarch) -> None:
    rows = list(csv.DictReader(person.done("journal", "-o", "csv", "--act", "scale").splitlines()))
    assert [(row["ACT"], row["OUTCOME"], row["OBJECT"]) for row in rows] == [("scale", "failed", "'=formula")]


def test_the_verdict(person: Navarch) -> None:
    said = json.loads(person.done("journal", "--verify", "-o", "json"))
    assert said["intact"] is True
    assert said["lines"] >= 3


def test_following_prints_what_is_written_meanwhile(person: Navarch) -> None:
    command = [sys.executable, "-m", "console", "journal", "--follow", "-n", "1", "-o", "json", "--act", "s*"]
    with subprocess.Popen(
        command, cwd=ROOT, env=person._told(unlocked=True), stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["act"] == "scale"
        write(person, "delete", "prod-us")
        write(person, "suspend", "prod-us")
        assert json.loads(process.stdout.readline())["act"] == "suspend"
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 0


def test_acts_upon_storage_are_in_it_while_the_vault_is_open(person: Navarch) -> None:
    """What becomes of them, too: here no engine runs."""

    def lines() -> list[tuple[str, str, str]]:
        found = json.loads(person.done("journal", "-o", "json", "--act", "engine *"))
        return [(line["act"], line["object"], line["outcome"]) for line in found]

    assert person("engine", "pool", "add", "/disks/a", unlocked=False).returncode == 1
    assert person("journal", "--act", "engine *").returncode == 5
    refused = person("engine", "pool", "add", "/disks/b")
    assert "no block engine runs here" in refused.stderr
    assert lines() == [
        ("engine pool add", "directory /disks/b", "started"),
        ("engine pool add", "directory /disks/b", "failed"),
    ]
    # A vault that can't be opened keeps nobody from storage, and says so.
    wrong = person.secret_file("wrong", "not the passphrase")
    said = person("engine", "pool", "add", "/disks/c", unlocked=False, NAVARCH_PASSWORD_FILE=wrong)
    assert "this is not in the journal" in said.stderr
    assert "no block engine runs here" in said.stderr
    assert len(lines()) == 2
