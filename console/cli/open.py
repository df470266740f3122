"""``navarch`` without a command: the console."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from console.cli.exits import Exit
from console.cli.failures import say


def demand_terminal() -> bool:
    """Whether there is a terminal that can hold the console; says in words what is missing if not."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say("the console needs a terminal", "In scripts use: navarch get | describe | yaml  (navarch --help)")
        return False
    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        say(
            "this terminal (TERM=dumb) can't place text",
            "Set TERM to what it is, for example xterm-256color, or use: navarch get",
        )
        return False
    return True


def open_console(*, kubeconfig: Path | None, read_only: bool) -> int:
    """Open the console on the vault, or on a kubeconfig in memory; returns the exit code."""
    if not demand_terminal():
        return Exit.USAGE
    from console.app import run
    from console.sessions import FileSession, VaultSession

    if kubeconfig is not None:
        return run(FileSession(kubeconfig, read_only=read_only))
    return run(VaultSession(read_only=read_only))
