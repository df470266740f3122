"""Runs a command's coroutine to its exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Any

from console.cli.exits import Exit


def run(work: Coroutine[Any, Any, int]) -> int:
    """The command's exit code; 0 when its reader (head, less) left early.

    That case is dealt with here because Typer would turn it into a failure before anyone else sees it.
    """
    try:
        code = asyncio.run(work)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return Exit.OK
