"""A log that is asked for before the pod's containers are known: most pods have just one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

Chunks = AsyncGenerator[bytes, None]


class EarlyLog:
    """Opened beside the question for the pod; read by the container's log if it is the one that was meant.

    Nothing is read ahead of the first chunk. Who does not read it closes it.
    """

    def __init__(self, ask: Callable[[Callable[[], None]], Chunks], *, container: str = "") -> None:
        """``ask``: makes the request, given what to call when the server begins to answer. ``container``:
        which one is asked for; empty: the only one, and the server refuses when there are several."""
        self.container = container
        self._settled = asyncio.Event()
        self._answered = False
        self._opened: Callable[[], None] | None = None
        self._chunks = ask(self._answer)
        self._first = asyncio.create_task(anext(self._chunks, b""))
        self._first.add_done_callback(lambda _: self._settled.set())

    def _answer(self) -> None:
        self._answered = True
        self._settled.set()
        if self._opened is not None:
            self._opened()

    async def answered(self) -> None:
        """Until the server has begun to answer. Raises KubeError if it refused."""
        await self._settled.wait()
        if not self._answered:
            await self._first

    async def first_bytes(self, seconds: float) -> None:
        """Until they are here, or so long."""
        await asyncio.wait({self._first}, timeout=seconds)

    async def chunks(self, opened: Callable[[], None]) -> Chunks:
        """The answer, as if it were asked for now. Raises KubeError."""
        self._opened = opened
        if self._answered:
            opened()
        try:
            if chunk := await self._first:
                yield chunk
            async for chunk in self._chunks:
                yield chunk
        finally:
            await self.close()

    async def close(self) -> None:
        self._first.cancel()
        await asyncio.gather(self._first, return_exceptions=True)
        await self._chunks.aclose()
