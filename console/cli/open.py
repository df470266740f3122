"""``navarch`` without a command: the console."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.exits import Exit
from console.cli.failures import say

if TYPE_CHECKING:
    from backend.kube.access import Impersonation


def demand_terminal() -> bool:
    """Whether there is a terminal that can hold the console; says in words what is missing if not."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say("the console needs a terminal", "In scripts use: navarch get | describe | yaml  (navarch --help)")
        return False
    if not sys.stderr.isatty():  # said where it is seen
        print("navarch: the console draws through standard error, and that is no terminal")
        print("  Leave out the 2>: Navarch keeps its own log (:log).")
        return False
    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        say(
            "this terminal (TERM=dumb) can't place text",
            "Set TERM to what it is, for example xterm-256color, or use: navarch get",
        )
        return False
    return True


def open_console(*, kubeconfig: Path | None, read_only: bool, acting_as: Impersonation | None = None) -> int:
    """Open the console on the vault, or on a kubeconfig in memory; returns the exit code.

    ``acting_as``: with whose rights it begins; None: with our own.
    """
    if not demand_terminal():
        return Exit.USAGE
    from console.app import run
    from console.sessions import FileSession, VaultSession

    session = FileSession(kubeconfig) if kubeconfig is not None else VaultSession()
    session.read_only, session.acting_as = read_only, acting_as
    return run(session)
