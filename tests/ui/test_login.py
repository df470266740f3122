"""Logging in from the console, in a real terminal: a program that asks, clusters that share it, ways out."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet.running_demo import Demo, running_demo
from tests.real.program import COMMAND, Navarch
from tests.terminal import Terminal

PLUGIN = """#!/bin/sh
echo run >> "$0.runs"
printf "Code $(wc -l < "$0.runs") for the fleet: " > /dev/tty
read code < /dev/tty
[ "$code" = 42 ] || { echo "wrong code $code" >&2; exit 3; }
cat "$0.credential"
"""
SLOW = 40.0


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo(clusters=1, pods=20) as running:
        yield running


def logging_in(demo: Demo, folder: Path, *, mode: str = "Always") -> Path:
    """A kubeconfig of the demo's cluster under two names, whose user comes from a program that asks."""
    config: dict[str, Any] = yaml.safe_load(demo.kubeconfig.read_text())
    context = config["contexts"][0]
    user = next(one["user"] for one in config["users"] if one["name"] == context["context"]["user"])
    cluster = next(one for one in config["clusters"] if one["name"] == context["context"]["cluster"])
    plugin = folder / "plugin"
    plugin.write_text(PLUGIN)
    plugin.chmod(0o700)
    api = "client.authentication.k8s.io/v1"
    status = {
        "clientCertificateData": base64.b64decode(user["client-certificate-data"]).decode(),
        "clientKeyData": base64.b64decode(user["client-key-data"]).decode(),
    }
    credential = {"apiVersion": api, "kind": "ExecCredential", "status": status}
    (folder / "plugin.credential").write_text(json.dumps(credential))
    section = {"apiVersion": api, "command": str(plugin), "interactiveMode": mode}
    contexts = [
        {"name": name, "context": {"cluster": cluster["name"], "user": "asked"}} for name in ("east", "west")
    ]
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "users": [{"name": "asked", "user": {"exec": section}}],
        "contexts": contexts,
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(written))
    path.chmod(0o600)
    return path


def runs(folder: Path) -> int:
    file = folder / "plugin.runs"
    return file.read_text().count("run") if file.exists() else 0


def opened(demo: Demo, folder: Path, *, size: tuple[int, int] = (120, 30)) -> Terminal:
    path = logging_in(demo, folder)
    home = Navarch(folder / "home", {"PATH": os.environ["PATH"]})
    return Terminal([*COMMAND, "--kubeconfig", str(path)], home.environment, size=size)


def allow(terminal: Terminal) -> None:
    """Let the program run, as a person does once; it still waits for the person."""
    terminal.expect("Programs that want to run", deadline=SLOW)
    terminal.press("space", "ctrl+s")
    terminal.expect("these may run", deadline=SLOW)
    terminal.expect("AUTH", "0/2 live", deadline=SLOW)


@pytest.mark.xdist_group("terminal")
@pytest.mark.parametrize("size", [(80, 24), (120, 30)])
def test_one_login_serves_every_cluster_of_the_program(
    demo: Demo, tmp_path: Path, size: tuple[int, int]
) -> None:
    with opened(demo, tmp_path, size=size) as terminal:
        allow(terminal)
        assert runs(tmp_path) == 0  # never in the background
        terminal.press("L")
        terminal.expect("Navarch logs in to east, west", "Code 1 for the fleet:", deadline=SLOW)
        terminal.type("42\r")
        terminal.expect("Logged in to east, west", "2/2 live", deadline=SLOW)
        assert runs(tmp_path) == 1
        terminal.press("r")  # the console has its keys again
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0


@pytest.mark.xdist_group("terminal")
def test_giving_up_ends_the_login_alone(demo: Demo, tmp_path: Path) -> None:
    with opened(demo, tmp_path, size=(200, 30)) as terminal:
        allow(terminal)
        terminal.press("S")
        terminal.expect("Press L", "needs login")
        terminal.press("L")
        terminal.expect("Code 1 for the fleet:", deadline=SLOW)
        terminal.press("ctrl+c")
        terminal.expect("was given up", "0/2 live", deadline=SLOW)
        terminal.press("L")
        terminal.expect("Code 2 for the fleet:", deadline=SLOW)
        terminal.type("7\r")
        terminal.expect("wrong code 7", "ended with code 3", "enter to go back", deadline=SLOW)
        terminal.press("enter")
        terminal.expect("Not to east, west", "0/2 live", deadline=SLOW)
        terminal.press("L")
        terminal.expect("Code 3 for the fleet:", deadline=SLOW)
        terminal.type("42\r")
        terminal.expect("2/2 live", deadline=SLOW)
        assert runs(tmp_path) == 3
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0


@pytest.mark.xdist_group("terminal")
def test_a_command_asks_too_where_a_person_is_there(demo: Demo, tmp_path: Path) -> None:
    path = logging_in(demo, tmp_path)
    home = Navarch(tmp_path / "home", {"PATH": os.environ["PATH"]})
    command = [*COMMAND, "get", "ns", "--kubeconfig", str(path), "--timeout", "20"]
    with Terminal(command, home.environment, size=(100, 40)) as terminal:
        terminal.expect("Let this program run", deadline=SLOW)
        terminal.type("y\r")
        terminal.expect("Code 1 for the fleet:", deadline=SLOW)
        terminal.type("42\r")
        terminal.expect("east", "west", "kube-system", deadline=SLOW)
        assert terminal.wait_for_end() == 0
    assert runs(tmp_path) == 1
    alone = home.run("get", "ns", "--kubeconfig", str(path))
    assert alone.returncode == 1
    assert runs(tmp_path) == 1


@pytest.mark.xdist_group("terminal")
def test_a_program_of_the_vault_is_approved_and_asked_without_leaving_the_console(
    demo: Demo, tmp_path: Path
) -> None:
    """Not approved at the import; ``L`` shows it, and a yes lets it log in at once. The vault keeps it."""
    path = logging_in(demo, tmp_path)
    (tmp_path / "home").mkdir(mode=0o700)
    secret = tmp_path / "home" / "passphrase"
    secret.touch(mode=0o600)
    secret.write_text("correct horse battery staple")
    more = {"PATH": os.environ["PATH"], "NAVARCH_PASSWORD_FILE": str(secret)}
    home = Navarch(tmp_path / "home", more)
    for arguments in (["vault", "init"], ["cluster", "import", str(path), "--yes"], ["vault", "lock"]):
        done = home.run(*arguments)
        assert done.returncode == 0, done.stderr
    with Terminal([*COMMAND], home.environment, size=(120, 30)) as terminal:
        terminal.expect("assphrase", deadline=SLOW)
        terminal.type("correct horse battery staple\r")
        terminal.expect("AUTH", "0/2 live", deadline=SLOW)
        terminal.press("S")
        terminal.expect("was never", "Press P", deadline=SLOW)
        terminal.press("escape", "L")
        terminal.expect("Programs that want to run", "The vault keeps it", deadline=SLOW)
        terminal.press("enter", "ctrl+s")
        terminal.expect("No program was allowed", deadline=SLOW)
        assert runs(tmp_path) == 0
        terminal.press("L")
        terminal.expect("Programs that want to run", deadline=SLOW)
        terminal.press("space", "ctrl+s")
        terminal.expect("Code 1 for the fleet:", deadline=SLOW)
        terminal.type("42\r")
        terminal.expect("Logged in to east", "live", deadline=SLOW)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
    assert "program approve" in home.run("journal").stdout
    again = Navarch(tmp_path / "home", more).run("cluster", "show", "east", "-o", "json")
    assert str(tmp_path / "plugin") in json.loads(again.stdout)[0]["approvedProgram"]["path"]
