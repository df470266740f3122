"""Copying from a device that does not change into a volume that nobody else uses: restore and clone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

from blockengine.replica.layer import BLOCK
from blockengine.volume.jobs import Job
from blockengine.volume.pace import Pace
from blockengine.volume.replicated import Replicated

_AT_ONCE = 4
# So much work, in bytes, a kill may cost.
_NOTED = 16 * 1024 * 1024
_ZEROES = bytes(BLOCK)

Note = Callable[[int], Awaitable[None]]


class Source(Protocol):
    """Where the bytes come from. Methods raise Refusal."""

    async def read(self, offset: int, length: int) -> bytes: ...


class Known(Protocol):
    """What has to be copied, as often as it is asked for; an answer may differ from the one before."""

    def __call__(self) -> AsyncIterator[tuple[int, int]]:
        """(offset, length) of each stretch: whole blocks, in order."""
        ...


async def copy(
    source: Source,
    device: Replicated,
    stretches: Known,
    job: Job,
    *,
    pace: Pace,
    note: Note | None = None,
) -> None:
    """Copy these stretches, some at once, and flush. They are counted first: `job` tells how far it is.

    It may be paused, and stopped if its acts say so. `note` is told now and then before which offset
    everything is copied, durably.

    Raises: Refusal from the source or the device, Stopped; when none of the copies is under way any more.
    """
    total = 0
    async for _, length in stretches():
        total += length
    job.start(total)
    under_way: set[asyncio.Task[None]] = set()
    copied = 0
    try:
        async for offset, length in stretches():
            first, end = offset, offset + length
            while first < end:
                if len(under_way) >= _AT_ONCE:
                    under_way = await _ended(under_way, asyncio.FIRST_COMPLETED)
                await job.may_go_on()
                size = min(pace.piece, end - first)
                await pace.admit(size)
                under_way.add(asyncio.get_running_loop().create_task(_one(source, device, first, size, job)))
                copied += size
                first += size
                if note is not None and copied >= _NOTED:
                    under_way, copied = await _ended(under_way, asyncio.ALL_COMPLETED), 0
                    await device.flush()
                    await note(first)
        if under_way:
            under_way = await _ended(under_way, asyncio.ALL_COMPLETED)
    finally:
        if under_way:
            await asyncio.wait(under_way)
    await device.flush()


async def _ended(under_way: set[asyncio.Task[None]], when: str) -> set[asyncio.Task[None]]:
    """Wait for one copy, or for all; those that are still under way. Raises: what went wrong in one."""
    done, left = await asyncio.wait(under_way, return_when=when)
    for task in done:
        task.result()
    return left


async def _one(source: Source, device: Replicated, offset: int, length: int, job: Job) -> None:
    data = memoryview(await source.read(offset, length))
    for start, size, zero in zero_runs(data):
        if zero:
            await device.zero(offset + start, size, durable=False)
        else:
            await device.write(offset + start, data[start : start + size], durable=False)
    job.advance(length)


def zero_runs(data: bytes | bytearray | memoryview) -> Iterator[tuple[int, int, bool]]:
    """(offset, length, whether it is zeroes) of runs of blocks: a copy must not take more than its source."""
    view = memoryview(data)
    start, last = 0, view[:BLOCK] == _ZEROES
    for place in range(BLOCK, len(view), BLOCK):
        zero = view[place : place + BLOCK] == _ZEROES
        if zero != last:
            yield start, place - start, last
            start, last = place, zero
    yield start, len(view) - start, last
