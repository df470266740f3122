"""What a process that holds keys does to itself: no core dumps, no reading by other processes of the user."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def harden_process() -> None:
    """Forbid core dumps and, on Linux, ptrace and ``/proc/PID/mem`` by the same user's other processes.

    Call it before a vault is opened. RLIMIT_CORE alone is not enough: a piped core handler ignores it.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
