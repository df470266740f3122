"""Work that clusters set off gives way to what a person sets off: said by the task, kept by the event loop.

Any loop runs it. The console's own (``console.loop``) looks at the mark and lets keys and frames go first.
"""

from __future__ import annotations

from contextvars import ContextVar

GIVES_WAY: ContextVar[bool] = ContextVar("gives_way", default=False)


def give_way() -> None:
    """From here on this task gives way, and so does every task that it begins."""
    GIVES_WAY.set(True)
