"""Events by either API: core/v1, and events.k8s.io/v1 where the first is forbidden.

Servers serve the same events as both, but rights are given for each. Only who may read neither is forbidden.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from backend.fleet.cluster import Cluster, KindNotFound
from backend.fleet.listing import Listed, list_once
from backend.fleet.query import Query
from backend.kube.errors import Forbidden, NotFound

CORE, EVENTS = "events", "events.events.k8s.io"
_AHEAD = 4
"""Pieces that may wait for their reader."""

Asked = Callable[[str], Query]
"""What is asked by an API: ``CORE`` or ``EVENTS``."""


def everything(api: str) -> Query:
    """All events."""
    return Query(kind=api)


async def list_events(
    clusters: Sequence[Cluster], query: Asked, *, timeout: float
) -> AsyncGenerator[Listed, None]:
    """Every cluster's events, as ``list_once`` gives them; who refuses one API is asked by the other."""
    pieces: asyncio.Queue[Listed | BaseException] = asyncio.Queue(maxsize=_AHEAD)
    tasks: set[asyncio.Task[None]] = set()

    async def run(asked: Sequence[Cluster], api: str, refused: Listed | None = None) -> None:
        try:
            async with aclosing(list_once(asked, query(api), timeout=timeout)) as found:
                async for piece in found:
                    if refused is None and isinstance(piece.error, Forbidden):
                        tasks.add(asyncio.create_task(run([piece.cluster], EVENTS, piece)))
                    elif refused is not None and isinstance(piece.error, Forbidden | NotFound | KindNotFound):
                        await pieces.put(refused)
                    else:
                        await pieces.put(piece)
        except Exception as error:
            await pieces.put(error)

    tasks.add(asyncio.create_task(run(clusters, CORE)))
    running = len(clusters)
    try:
        while running:
            piece = await pieces.get()
            if isinstance(piece, BaseException):
                raise piece
            running -= piece.done
            yield piece
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
