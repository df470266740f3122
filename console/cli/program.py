"""The process around the command line: begun and ended without what nobody waits for.

Two things that Python does by itself cost a short command a fifth of its time: rounds of the garbage
collector while modules are read, which make no garbage, and taking all of them apart at the end.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from typing import NoReturn

from console.cli.main import main

_READING = 100_000
"""New objects per round of the collector while modules are read; ``console.cli.running`` and the console's
own collector set what holds after that."""


def start() -> NoReturn:
    """Run this process' command line and end the process with its exit code."""
    gc.set_threshold(_READING)
    leave(main())


def leave(code: int) -> NoReturn:
    """End the process, and leave taking it apart to the system where nothing is left that must be heard out.

    A thread that still works, or words that can't be written: Python's own way, which waits and complains.
    """
    if threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)
    os._exit(code)
