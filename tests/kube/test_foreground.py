"""A plugin that asks at a real terminal: its keys are its own, and the terminal is ours again afterwards."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.real.control_plane import wait_for
from tests.terminal import Terminal

PLUGIN = """#!/bin/sh
stty -echo < /dev/tty
printf 'Code: ' > /dev/tty
read code < /dev/tty
stty echo < /dev/tty
[ "$code" = 42 ] || { echo 'wrong code' >&2; exit 3; }
cat <<'END'
{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}
END
"""
HANGS = """#!/bin/sh
trap '' INT QUIT
sleep 600 & echo $! > "$0.child"
echo asking > /dev/tty
wait
"""
PROGRAM = """
import asyncio, sys, termios
from dataclasses import replace
from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.errors import CredentialError
from backend.kube.exec_plugin import run_plugin
from backend.kube.exec_review import approval_for

async def main(command, deadline):
    spec = ExecSpec(api_version="client.authentication.k8s.io/v1", command=command, interactive_mode="Always")
    access = ClusterAccess(id="c", name="prod", server="https://api.example")
    spec = replace(spec, approval=approval_for(spec, access).approval)
    try:
        given = await run_plugin(spec, access, interactive=True, deadline=deadline)
    except CredentialError as error:
        print(f"failed: {type(error).__name__}: {error.sentence}", flush=True)
    else:
        print("given", given.token.text(), flush=True)

asyncio.run(main(sys.argv[1], float(sys.argv[2])))
print("echo is", "on" if termios.tcgetattr(0)[3] & termios.ECHO else "off", flush=True)
print("and we read:", input(), flush=True)
"""


def at_a_terminal(folder: Path, script: str, *, deadline: float = 60.0) -> Terminal:
    plugin = folder / "plugin"
    plugin.write_text(script)
    plugin.chmod(0o700)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return Terminal([sys.executable, "-c", PROGRAM, str(plugin), str(deadline)], environment, size=(100, 24))


def gone(pid: int) -> bool:
    """An orphan's zombie counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def still_ours(terminal: Terminal) -> None:
    """The program goes on, with echo, and reads the keys again."""
    terminal.expect("echo is on")
    terminal.type("back\r")
    terminal.expect("and we read: back")
    assert terminal.wait_for_end() == 0


def test_it_asks_and_is_answered(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, PLUGIN) as terminal:
        terminal.expect("Code:")
        terminal.type("42\r")
        terminal.expect("given t")
        still_ours(terminal)


def test_what_it_says_is_seen_and_its_failure_is_told(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, PLUGIN) as terminal:
        terminal.expect("Code:")
        terminal.type("1\r")
        terminal.expect("wrong code", "ended with code 3")
        still_ours(terminal)


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+z", "ctrl+\\"])
def test_keys_that_end_it_end_it_alone(tmp_path: Path, key: str) -> None:
    with at_a_terminal(tmp_path, PLUGIN) as terminal:
        terminal.expect("Code:")
        terminal.press(key)
        terminal.expect("failed: LoginGivenUp", "was given up")
        still_ours(terminal)


def test_one_that_ignores_every_key_is_ended_with_its_children(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, HANGS, deadline=3.0) as terminal:
        terminal.expect("asking")
        terminal.press("ctrl+c")
        terminal.expect("did not finish within 3 s")
        still_ours(terminal)
    child = int((tmp_path / "plugin.child").read_text())
    assert wait_for(lambda: gone(child), 10)
