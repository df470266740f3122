"""The bytes that a terminal gets from the real console on a fleet that lies: our own sequences, and text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.navarch_command import COMMAND
from tests.fleet.running_demo import Demo
from tests.hostile.corpus import MARK, PAYLOAD
from tests.hostile.oracle import wrong_on_the_wire
from tests.terminal import Terminal


@pytest.mark.xdist_group("terminal")
@pytest.mark.timeout(180)
def test_only_our_own_sequences_reach_the_terminal(hostile: Demo, tmp_path: Path) -> None:
    told = {k: v for k, v in os.environ.items() if not k.startswith(("NAVARCH", "KUBE"))}
    told |= {"NAVARCH_HOME": str(tmp_path), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    command = [*COMMAND, "--kubeconfig", str(hostile.kubeconfig)]
    with Terminal(command, told, size=(160, 45)) as terminal:
        terminal.expect("2/2 live", deadline=60)
        for word in ("nodes", "gadgets", "pods"):
            terminal.type(f":{word} @prod-eu\r")
            terminal.expect(f"▸ {word}", "1/1 live", MARK, deadline=30)
        terminal.press("y")
        terminal.expect("(yaml)", "apiVersion", deadline=60)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end(60) == 0
        raw = bytes(terminal.raw)
    assert MARK.encode() in raw
    assert wrong_on_the_wire(raw) == []
    for introducer in (b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX"):
        assert introducer + PAYLOAD.encode() not in raw
