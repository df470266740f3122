"""Copying regions to a replica that comes back, while the volume is served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterator

import msgspec

from blockengine.membership.catalog import Catalog
from blockengine.membership.record import Position
from blockengine.protocol.messages import Clear, Copied
from blockengine.protocol.wire import Kind, Status
from blockengine.replica.files import Bytes
from blockengine.volume.copying import zero_runs
from blockengine.volume.filling import Filler, Part
from blockengine.volume.jobs import Job
from blockengine.volume.link import Unanswered
from blockengine.volume.office import Office, Session
from blockengine.volume.pace import Pace
from blockengine.volume.ranges import blocks
from blockengine.volume.replicated import Replicated

# Copied under one lock, and asked for at once.
_MOST = 256 * 1024
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
                before = job.done
                await self._copy_region(region, job, pace)
                job.advance(before + self._device.geometry.region(region)[1] - job.done)
                fresh.add(region)
                if self._loop.time() - noted > _NOTED_EVERY:
                    fresh -= await self._note(fresh)
                    noted = self._loop.time()

    async def _copy_region(self, region: int, job: Job, pace: Pace) -> None:
        """Snapshots that the target missed first, then live bytes; a little at a time.

        While a step is made no layer is cut and no list of snapshots changes. Between two steps they may:
        then the region is planned anew.
        """
        frozen: deque[Part] = deque()
        live: deque[Part] | None = None
        catalog: Catalog | None = None
        begun = False
        while not begun or frozen or live is None or live:
            await job.may_go_on()
            async with pace.step(beside=self._office.layering) as step:
                if not begun or catalog is not self._office.catalog:
                    begun, catalog, live = True, self._office.catalog, None
                    frozen = deque(await self._filler.plan(*self._device.geometry.region(region)))
                if not frozen and live is None:
                    live = deque(await self._plan_live(region))
                parts = list(_taken(frozen or live or frozen, step.most))
                await asyncio.gather(*(self._copy_part(region, part) for part in parts))
                step.moved = sum(part.length for part in parts)
            job.advance(sum(part.length for part in parts if part.source is None))

    async def _plan_live(self, region: int) -> list[Part]:
        """What to copy of live bytes. If the volume has nothing there the target is told so at once."""
        offset, length = self._device.geometry.region(region)
        parts = await self._filler.plan_live(offset, length)
        whole = [(part.offset, part.length) for part in parts] == [(offset, length)]
        if whole and await self._copied_as_zeroes(region, offset, length):
            return []
        return parts

    async def _copy_part(self, region: int, part: Part) -> None:
        if part.source is not None:
            await self._filler.fill(part)
        else:
            await self._copy(region, part.offset, part.length)

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
            data = memoryview(await device.look_locked(Kind.READ, offset, length))
            await asyncio.gather(
                *(
                    self._send(Kind.ZERO, region, offset + start, size)
                    if zero
                    else self._send(Kind.WRITE, region, offset + start, size, data[start : start + size])
                    for start, size, zero in zero_runs(data)
                )
            )

    def _session(self) -> Session:
        session = self._office.sessions.get(self._target)
        if session is None or self._target not in self._office.joining:
            raise Unanswered("the session broke")
        return session

    async def _send(self, kind: int, region: int, offset: int, length: int, data: Bytes = b"") -> None:
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


def _taken(plan: deque[Part], most: int) -> Iterator[Part]:
    """The next parts, of so many bytes together, cut as small as they are copied; of one snapshot only.

    What a snapshot has must be there before a later one, or live bytes, are copied over it.
    """
    source = plan[0].source if plan else None
    while most > 0 and plan and plan[0].source is source:
        part = plan.popleft()
        size = min(part.length, most, _MOST)
        if size < part.length:
            plan.appendleft(part._replace(offset=part.offset + size, length=part.length - size))
        yield part._replace(length=size)
        most -= size
