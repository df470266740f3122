"""Turns of the event loop, one for each who waits: hundreds of streams that wake together don't hold it."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """``await mine()`` before a small piece of work: one such piece is done in a turn of the loop.

    Keys, timers and what is drawn come in between, however many pieces wait. First come, first served.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

    async def mine(self) -> None:
        """Until it is our turn; at once if nobody else had this one."""
        if self._taken:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
            return
        self._taken = True
        asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # it was cancelled meanwhile
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._taken = False
