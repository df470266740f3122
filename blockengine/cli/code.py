"""`code`: which code a process started now would run."""

from __future__ import annotations

import argparse
from typing import Any

from blockengine.protocol.speech import ours


def add(commands: Any) -> None:
    """Add `code` to the command line."""
    parser = commands.add_parser("code", help="the version and code of this program")
    parser.set_defaults(run=_run, directory="code")


def _run(chosen: argparse.Namespace) -> int:
    print(ours().name)
    return 0
