"""The real program in a real terminal: an editor gets it and gives it back; copying, jumping, exporting."""

from __future__ import annotations

import base64
import csv
import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal, inherited

pytestmark = pytest.mark.xdist_group("terminal")


def stage(tmp_path: Path, **env: str) -> Terminal:
    told = {
        "COLORTERM": "truecolor",
        "TZ": "UTC",
        "NAVARCH_HOME": str(tmp_path / "home"),
        "STY": "",
        "TMUX": "",
    }
    return Terminal([sys.executable, "-m", "tests.ui.stage"], inherited(**told, **env))


def pods(terminal: Terminal) -> None:
    terminal.expect("1 cluster")
    terminal.press(":pods", "enter")
    terminal.expect("200 rows")


def test_the_editor_gets_the_terminal_and_the_console_comes_back(tmp_path: Path) -> None:
    script = tmp_path / "editor"
    seen = tmp_path / "seen"
    script.write_text(
        f"#!/bin/sh\ntest -t 0 && test -t 1 && touch {seen}\nsed -i 's/shop\\/api:2.1/shop\\/api:9/' \"$1\"\n"
    )
    script.chmod(0o700)
    with stage(tmp_path, KUBE_EDITOR=str(script)) as terminal:
        pods(terminal)
        terminal.press("e")
        terminal.expect("Apply this change?")
        terminal.expect("shop/api:9")
        assert seen.exists()
        terminal.press("down", "down", "enter")
        terminal.expect("edited")
        terminal.expect("200 rows")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
    assert list((tmp_path / "home" / "run").glob("edit-*")) == []


def test_copying_jumping_and_exporting(tmp_path: Path) -> None:
    with stage(tmp_path) as terminal:
        pods(terminal)
        name = next(word for word in terminal.text.split() if word.startswith("checkout-"))
        terminal.press("c")
        terminal.expect("tab-separated")
        terminal.press("enter")
        terminal.expect("Copied")
        wanted = base64.b64encode(name.encode())
        assert b"\x1b]52;c;" + wanted in terminal.raw
        terminal.press("ctrl+o")
        terminal.until(lambda: terminal.screen.display[4][1] != " ", "a letter on the first row")
        terminal.press("esc")
        terminal.until(lambda: terminal.screen.display[4][1] == " ", "the letters are gone")
        path = tmp_path / "pods.csv"
        terminal.press("ctrl+e")
        terminal.expect("Export what is shown")
        terminal.press("ctrl+a", "ctrl+k", str(path), "enter")
        terminal.expect("Written")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert len(list(csv.DictReader(lines))) == 200
