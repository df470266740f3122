"""Copying from a device that does not change into a volume that nobody else uses: restore and clone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from blockengine.volume.jobs import Job
from blockengine.volume.replicated import Replicated

STEP = 1024 * 1024
_AT_ONCE = 4


class Source(Protocol):
    """Where the bytes come from. Methods raise Refusal."""

    async def read(self, offset: int, length: int) -> bytes: ...


class Known(Protocol):
    """What has to be copied, as often as it is asked for; an answer may differ from the one before."""

    def __call__(self) -> AsyncIterator[tuple[int, int]]:
        """(offset, length) of each stretch: whole blocks."""
        ...


async def copy(source: Source, device: Replicated, stretches: Known, job: Job) -> None:
    """Copy these stretches, some at once, and flush. They are counted first: `job` tells how far it is.

    Raises: Refusal from the source or the device, when none of the copies is under way any more.
    """
    total = 0
    async for _, length in stretches():
        total += length
    job.start(total)
    under_way: set[asyncio.Task[None]] = set()
    try:
        async for offset, length in stretches():
            for first in range(offset, offset + length, STEP):
                if len(under_way) >= _AT_ONCE:
                    done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                size = min(STEP, offset + length - first)
                under_way.add(asyncio.get_running_loop().create_task(_one(source, device, first, size, job)))
        while under_way:
            done, under_way = await asyncio.wait(under_way)
            for task in done:
                task.result()
    finally:
        if under_way:
            await asyncio.wait(under_way)
    await device.flush()


async def _one(source: Source, device: Replicated, offset: int, length: int, job: Job) -> None:
    data = await source.read(offset, length)
    if data.count(0) < length:
        await device.write(offset, memoryview(data), durable=False)
    else:
        await device.zero(offset, length, durable=False)
    job.advance(length)
