"""The real program in a real terminal: an editor gets it and gives it back; copying, jumping, exporting."""

from __future__ import annotations

import base64
import csv
import sys
from pathlib import Path

import pytest

from tests.ui.terminal import Terminal

pytestmark = pytest.mark.xdist_group("terminal")


def stage(tmp_path: Path, **env: str) -> Terminal:
    home = str(tmp_path / "home")
    return Terminal(
        [sys.executable, "-m", "tests.ui.stage"],
        env={"COLORTERM": "truecolor", "TZ": "UTC", "NAVARCH_HOME": home, "STY": "", "TMUX": "", **env},
    )


def pods(terminal: Terminal) -> None:
    terminal.see("1 cluster")
    terminal.press(":pods", "enter")
    terminal.see("200 rows")


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
        terminal.see("Apply this change?")
        terminal.see("shop/api:9")
        assert seen.exists()
        terminal.press("down", "down", "enter")
        terminal.see("edited")
        terminal.see("200 rows")
        terminal.press("ctrl-q")
        assert terminal.exit_status() == 0
    assert list((tmp_path / "home" / "run").glob("edit-*")) == []


def test_copying_jumping_and_exporting(tmp_path: Path) -> None:
    with stage(tmp_path) as terminal:
        pods(terminal)
        name = next(word for word in terminal.text.split() if word.startswith("checkout-"))
        terminal.press("c")
        terminal.see("tab-separated")
        terminal.press("enter")
        terminal.see("Copied")
        wanted = base64.b64encode(name.encode())
        assert b"\x1b]52;c;" + wanted in terminal.written
        terminal.press("ctrl-o")
        terminal.until(lambda: terminal.screen.display[4][1] != " ", "a letter on the first row")
        terminal.press("esc")
        terminal.until(lambda: terminal.screen.display[4][1] == " ", "the letters are gone")
        path = tmp_path / "pods.csv"
        terminal.press("ctrl-e")
        terminal.see("Export what is shown")
        terminal.press("ctrl-a", "ctrl-k", str(path), "enter")
        terminal.see("Written")
        terminal.press("ctrl-q")
        assert terminal.exit_status() == 0
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert len(list(csv.DictReader(lines))) == 200
