"""Runs a command's coroutine to its result, and ends it tidily when the command is told to end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from console.cli.exits import Exit

T = TypeVar("T")
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
_COLLECT = (700, 10, 10)
"""Python's own pace of its garbage collector; at the start there is none (``console.cli.program``)."""


def run(work: Coroutine[Any, Any, int]) -> int:
    """The command's exit code; 0 when its reader (head, less) left early.

    That case is dealt with here because Typer would turn it into a failure before anyone else sees it.
    """
    try:
        code = complete(work)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return Exit.OK


def complete(work: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result. SIGTERM and SIGHUP cancel it, so that it ends its children, then end us.

    Without that a credential plugin would outlive the command that started it.
    """
    asked: list[signal.Signals] = []
    gc.freeze()  # what was read by now stays to the end
    gc.set_threshold(*_COLLECT)

    async def until_asked() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end(number: signal.Signals) -> None:
            asked.append(number)
            if task is not None:
                task.cancel()

        main = threading.current_thread() is threading.main_thread()  # others can't be told of signals
        for number in _ENDINGS if main else ():
            if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
                loop.add_signal_handler(number, end, number)
        return await work

    try:
        return asyncio.run(until_asked())
    except asyncio.CancelledError:
        if asked:
            signal.signal(asked[0], signal.SIG_DFL)
            os.kill(os.getpid(), asked[0])
        raise
