"""What answering clusters gave is printed without waiting long for one that has not said a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol, TypeVar

from backend.fleet.cluster import Cluster

GRACE = 0.25
"""Seconds that rows of answered clusters wait for silent ones before they are printed without them."""


class FromCluster(Protocol):
    """A piece of one cluster's answer; ``done`` comes once per cluster."""

    @property
    def cluster(self) -> Cluster: ...

    @property
    def done(self) -> bool: ...


Piece = TypeVar("Piece", bound=FromCluster)


async def impatiently(
    pieces: AsyncGenerator[Piece, None], flush: Callable[[], None], *, wait_for_all: bool = False
) -> AsyncGenerator[Piece, None]:
    """The pieces as they come; ``flush`` is called when all clusters that spoke are done and others silent.

    ``wait_for_all``: it is never called, because a sorted list needs every row. Closes ``pieces``.
    """
    heard: set[str] = set()
    finished: set[str] = set()
    async with aclosing(pieces):
        waiting = asyncio.ensure_future(anext(pieces, None))
        try:
            while True:
                silent_only = bool(finished) and heard == finished and not wait_for_all
                done, _ = await asyncio.wait([waiting], timeout=GRACE if silent_only else None)
                if not done:
                    flush()
                    await asyncio.wait([waiting])
                piece = waiting.result()
                if piece is None:
                    return
                waiting = asyncio.ensure_future(anext(pieces, None))
                heard.add(piece.cluster.id)
                if piece.done:
                    finished.add(piece.cluster.id)
                yield piece
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
