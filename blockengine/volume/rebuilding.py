"""Copying regions to a replica that comes back, while the volume is served."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import msgspec

from blockengine.membership.record import Position
from blockengine.protocol.messages import Clear, Copied
from blockengine.protocol.wire import Kind, Status
from blockengine.volume.filling import Filler
from blockengine.volume.jobs import Job
from blockengine.volume.link import Body, Unanswered
from blockengine.volume.office import Office, Session
from blockengine.volume.pace import Pace
from blockengine.volume.ranges import blocks
from blockengine.volume.replicated import Replicated

_STEP = 256 * 1024
_AT_ONCE = 4
# What was copied is noted after so many seconds: that much work a kill may cost.
_NOTED_EVERY = 2.0


class Copying:
    """The copies of one resync. `out` is the tag of the logs that name what the target missed."""

    def __init__(
        self, office: Office, device: Replicated, filler: Filler, *, target: str, out: Position
    ) -> None:
        self._office, self._device, self._filler = office, device, filler
        self._target, self._out = target, out
        self._loop = asyncio.get_running_loop()

    async def run(self, regions: Collection[int], job: Job, pace: Pace) -> None:
        """Copy, and note now and then what need not be copied again.

        Raises: Unanswered if the target failed; Refusal if no source has a block intact.
        """
        job.start(sum(self._device.geometry.region(region)[1] for region in regions))
        fresh: set[int] = set()
        noted = self._loop.time()
        async with pace.working():
            for region in sorted(regions):
                await job.may_go_on()
                length = self._device.geometry.region(region)[1]
                # While a region is copied no layer is cut and no list of snapshots changes.
                async with pace.step(length, beside=self._office.layering):
                    await self._copy_region(region)
                job.advance(length)
                fresh.add(region)
                if self._loop.time() - noted > _NOTED_EVERY:
                    fresh -= await self._note(fresh)
                    noted = self._loop.time()

    async def _copy_region(self, region: int) -> None:
        """Snapshots that the target missed first, then live bytes."""
        offset, length = self._device.geometry.region(region)
        stretches = await self._filler.fill(offset, length)
        if list(stretches) == [(offset, length)] and await self._copied_as_zeroes(region, offset, length):
            return
        pieces = [
            (start + done, min(_STEP, size - done))
            for start, size in stretches
            for done in range(0, size, _STEP)
        ]
        for first in range(0, len(pieces), _AT_ONCE):
            await asyncio.gather(*(self._copy(region, *piece) for piece in pieces[first : first + _AT_ONCE]))

    async def _copied_as_zeroes(self, region: int, offset: int, length: int) -> bool:
        """Copy a region in which the volume has nothing; whether it has nothing."""
        device = self._device
        async with device.locked(blocks(offset, length, shared=True)):
            raw = await device.look_locked(Kind.ALLOCATION, offset, length)
            stretches = msgspec.msgpack.decode(raw, type=list[tuple[int, bool]])
            if any(has_data for _, has_data in stretches):
                return False
            await self._send(Kind.ZERO, region, offset, length)
            return True

    async def _copy(self, region: int, offset: int, length: int) -> None:
        """Copy a stretch under its lock: no change may come between reading and writing it."""
        device = self._device
        async with device.locked(blocks(offset, length, shared=True)):
            data = await device.look_locked(Kind.READ, offset, length)
            if data.count(0) == len(data):
                await self._send(Kind.ZERO, region, offset, length)
            else:
                await self._send(Kind.WRITE, region, offset, length, data)

    def _session(self) -> Session:
        session = self._office.sessions.get(self._target)
        if session is None or self._target not in self._office.joining:
            raise Unanswered("the session broke")
        return session

    async def _send(self, kind: int, region: int, offset: int, length: int, data: Body = b"") -> None:
        office, session = self._office, self._session()
        writes = office.writes.begin(region)
        status, body = await session.link.call(
            kind, office.heads[self._target], offset=offset, writes=writes, length=length, payload=data
        )
        office.writes.finish(region)
        if status != Status.OK:
            raise Unanswered(session.link.words(status, body))

    async def _note(self, copied: Collection[int]) -> frozenset[int]:
        """Take copied regions off the logs, and off the target's intent; which of them.

        All members flush, and the target: so none of them can fall back behind the others there.
        """
        office = self._office
        before = office.writes.quiet(copied)
        holders = sorted(office.readable)
        _, flushed = await asyncio.gather(self._device.flush(), office.flush([self._target]))
        if not flushed:
            raise Unanswered("its flush failed")
        alike = office.writes.clean(before)
        if not alike or self._target not in office.joining or not set(holders) <= office.obliged:
            return frozenset()
        told = Copied(self._target, self._out, alike)
        await office.each(holders, lambda name: office.ask(name, told))
        await office.ask(self._target, Clear(alike))
        return frozenset(alike)
