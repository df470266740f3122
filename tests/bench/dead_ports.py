"""Ports of servers that are dead in the three ways that servers die."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def dead_ports(*, refusing: int, dropping: int, silent: int) -> Iterator[list[int]]:
    """Some refuse connections, some never answer the handshake of TCP (a firewall that drops), some accept
    and then say nothing (half-open)."""
    with contextlib.ExitStack() as stack:
        yield [
            *(_refusing(stack) for _ in range(refusing)),
            *(_dropping(stack) for _ in range(dropping)),
            *(_silent(stack) for _ in range(silent)),
        ]


def _refusing(stack: contextlib.ExitStack) -> int:
    """Bound, not listening: the kernel refuses, and nobody takes the port."""
    bound = stack.enter_context(socket.socket())
    bound.bind(("127.0.0.1", 0))
    return int(bound.getsockname()[1])


def _dropping(stack: contextlib.ExitStack) -> int:
    """A full backlog: Linux drops further handshakes without a word."""
    full = stack.enter_context(socket.socket())
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    for _ in range(3):
        filler = stack.enter_context(socket.socket())
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            filler.connect(full.getsockname())
    return int(full.getsockname()[1])


def _silent(stack: contextlib.ExitStack) -> int:
    """A deep backlog that nobody accepts from: connections open, and that is all."""
    deaf = stack.enter_context(socket.socket())
    deaf.bind(("127.0.0.1", 0))
    deaf.listen(128)
    return int(deaf.getsockname()[1])
