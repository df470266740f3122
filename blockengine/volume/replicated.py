"""A volume over several replicas, as its front ends see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from blockengine.clock import now
from blockengine.protocol.messages import Clear
from blockengine.protocol.nbd import Code
from blockengine.protocol.wire import Kind
from blockengine.replica.files import Bytes
from blockengine.volume.changing import Change, Changes, Piece
from blockengine.volume.device import Refusal
from blockengine.volume.geometry import Geometry
from blockengine.volume.office import Fenced, Office
from blockengine.volume.pending import Pending
from blockengine.volume.ranges import BlockLocks, Range, blocks
from blockengine.volume.reading import Read, Reads

# A region is cleaned when so many flushes passed without a change in it: cleaning at once would
# make the next change wait for every member's disk to mark it again.
QUIET_FLUSHES = 16
_IDLE_FLUSH = 2.0
_REGIONS_AT_ONCE = 8
# A client may ask what is allocated of the whole volume; a replica takes no request of more than 33 MiB.
_MAPPED_STEP, _MAPPED_AT_ONCE, _STRETCHES = 32 << 20, 1 << 30, 4096
# Plain numbers, which cost less than an enum's members.
_READ, _WRITE = int(Kind.READ), int(Kind.WRITE)


class Replicated:
    """A `Device`. Everything is suspended while members, a majority or the lease are missing."""

    def __init__(self, office: Office, geometry: Geometry) -> None:
        self._office, self.geometry = office, geometry
        self.size, self.block_size, self.read_only = geometry.size, geometry.block_size, False
        self._locks = BlockLocks()
        self.changes = Changes(office, geometry, self._locks)
        self._reads = Reads(office, lambda: self.geometry, self._locks)
        # How often clients read and changed something: work in the background looks whether they are active.
        self.asked = 0
        self._flushing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        office.watch = self._look_again

    def resize(self, size: int) -> None:
        """The volume has `size` bytes, by a record in force; clients that connect from now on see it."""
        self.geometry = self.geometry._replace(size=size)
        self.size = size

    def _look_again(self) -> None:
        self.changes.look_again()
        self._reads.look_again()

    # Reads.

    def read(self, offset: int, length: int) -> Pending[Bytes]:
        self.asked += 1
        read = Read(_READ, offset, length)
        self._reads.begin(read)
        return read

    def _read(self, read: Read) -> Pending[Bytes]:
        self._reads.begin(read)
        return read

    async def allocation(self, offset: int, length: int) -> list[tuple[int, bool]]:
        """Of a long range only the beginning: who asked asks on from there."""
        found: list[tuple[int, bool]] = []
        end = offset + min(length, _MAPPED_AT_ONCE)
        while offset < end and len(found) < _STRETCHES:
            size = min(end - offset, _MAPPED_STEP)
            raw = await self._read(Read(Kind.ALLOCATION, offset, size))
            for part, has_data in msgspec.msgpack.decode(raw, type=list[tuple[int, bool]]):
                if found and found[-1][1] == has_data:
                    found[-1] = (found[-1][0] + part, has_data)
                else:
                    found.append((part, has_data))
            offset += size
        return found

    def look_locked(self, kind: int, offset: int, length: int) -> Pending[Bytes]:
        """A READ or ALLOCATION of blocks that the caller holds a shared lock on."""
        return self._read(Read(kind, offset, length, locked=True))

    def repair(self, offset: int, length: int) -> Awaitable[None]:
        """Write blocks that are bad on one member again, from one that has them intact."""
        return self._reads.repair(offset, length)

    @asynccontextmanager
    async def locked(self, wanted: Range) -> AsyncIterator[None]:
        """Hold blocks."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._locks.take(wanted, granted.set_result, None)
        await granted
        try:
            yield
        finally:
            self._locks.give(wanted)

    # Changes.

    def write(self, offset: int, data: Bytes, *, durable: bool) -> Awaitable[None]:
        length, region = len(data), self.geometry.region_size
        pieces: list[Piece] = [(offset, length, data)]
        if offset // region != (offset + length - 1) // region:
            view = memoryview(data)
            pieces = [
                (start, size, view[start - offset : start - offset + size])
                for start, size in self.geometry.pieces(offset, length)
            ]
        written = self._change(_WRITE, pieces, blocks(offset, length))
        return self._then_flush(written) if durable else written

    def zero(self, offset: int, length: int, *, durable: bool) -> Awaitable[None]:
        done = self._in_steps(Kind.ZERO, offset, length)
        return self._then_flush(done) if durable else done

    def discard(self, offset: int, length: int, *, durable: bool) -> Awaitable[None]:
        done = self._in_steps(Kind.DISCARD, offset, length)
        return self._then_flush(done) if durable else done

    def _change(self, kind: int, pieces: list[Piece], taken: Range) -> Pending[None]:
        self.asked += 1
        change = Change(kind, pieces, taken)
        self.changes.begin(change)
        return change

    async def _in_steps(self, kind: int, offset: int, length: int) -> None:
        """A change without payload, some regions at a time."""
        for pieces in _batches(self.geometry.pieces(offset, length), _REGIONS_AT_ONCE):
            first, (last, size, _) = pieces[0][0], pieces[-1]
            taken = blocks(first, last + size - first)
            await self._change(kind, pieces, taken)

    async def _then_flush(self, change: Awaitable[None]) -> None:
        await change
        await self.flush()

    # Flushes.

    def flush(self) -> Awaitable[None]:
        """A flush that begins after this call; callers that wait together share one."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._flush_after(self._flushing))
        return asyncio.shield(self._next)

    async def _flush_after(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        self._flushing, self._next = self._next, None
        try:
            await self._flush()
        except Fenced as fenced:
            raise Refusal(Code.ESHUTDOWN, str(fenced)) from None

    async def _flush(self) -> None:
        """Every obliged member flushes; what failed leaves first."""
        office, changes = self._office, self.changes
        quiet = changes.flushes - QUIET_FLUSHES
        changes.flushes += 1
        before = office.writes.flushing()
        done: set[str] = set()
        failed = False
        while office.obliged - done:
            await office.until(partial(self._reachable, done))
            needed = office.obliged - done
            flushed = await office.flush(sorted(needed))
            failed = failed or flushed != needed
            done |= flushed
        clean = {
            region: count
            for region, count in office.writes.clean(before).items()
            if changes.touched.get(region, -1 - QUIET_FLUSHES) < quiet
        }
        if clean and not failed:
            for name in done:
                office.spawn(f"clear of {name}", partial(self._clear, name, clean))
            office.writes.cleared(clean)
        await office.until(lambda: now() < office.serve_until)

    def _reachable(self, done: set[str]) -> bool:
        office = self._office
        return office.serving and office.obliged - done <= office.sessions.keys()

    async def _clear(self, name: str, clean: dict[int, int]) -> None:
        await self._office.ask(name, Clear(clean))

    async def flush_when_idle(self) -> None:
        """Flush now and then while regions are marked, so that an idle volume has none."""
        while True:
            flushes = self.changes.flushes
            await asyncio.sleep(_IDLE_FLUSH)
            if self.changes.flushes == flushes and self._office.writes.flushing():
                await self._flush()

    async def close(self) -> None:
        """Flush, and leave no region for the next controller to settle. Raises: Refusal."""
        self.changes.flushes += QUIET_FLUSHES
        await self.flush()
        marked = self._office.writes.clean(self._office.writes.flushing())
        for name in sorted(self._office.term.base.member_ids):
            await self._clear(name, marked)


def _batches(pieces: Iterator[tuple[int, int]], most: int) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    for offset, length in pieces:
        batch.append((offset, length, b""))
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
