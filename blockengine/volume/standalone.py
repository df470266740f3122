"""A device over one replica that stands alone: no other member, no controller elsewhere."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from blockengine.protocol.nbd import Code
from blockengine.replica.alone import trust_unverified
from blockengine.replica.files import Bytes
from blockengine.replica.replica import Failed, Replica, Rotten
from blockengine.volume.device import Refusal

# A region is cleaned when so many flushes passed without a write to it: cleaning at once would
# make every write after a flush wait for the disk to mark it again.
QUIET_FLUSHES = 16
_AT_ONCE = 16 * 1024 * 1024
_FAILURES = (ValueError, Rotten, Failed, OSError)


class Standalone:
    """Serves one replica. All changes run on the event loop; only waits for the disk leave it."""

    def __init__(self, replica: Replica, *, read_only: bool = False) -> None:
        record = replica.ballot.record
        if record is None or record.voter_ids != {replica.header.replica}:
            others = "" if record is None else ", ".join(sorted(record.voter_ids - {replica.header.replica}))
            raise ValueError(
                f"replica {replica.header.replica} votes together with {others or 'nobody known'}; only its "
                "volume's controller may serve it, for it may have missed writes"
            )
        self._replica = replica
        self.size, self.block_size = replica.header.size, replica.header.block_size
        self.read_only = read_only
        self._touched: dict[int, int] = {}
        self._flushes = 0
        self._flushing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    def settle(self) -> int:
        """After an unclean stop, take what is there; how many blocks were torn."""
        with _refusing():
            torn = trust_unverified(self._replica)
            self._replica.flush()
            self._replica.clear(sorted(self._replica.intent.marked))
        return torn

    def read(self, offset: int, length: int) -> Bytes | Awaitable[Bytes]:
        try:
            found = self._replica.read_cached(offset, length)
        except _FAILURES as error:
            raise _refusal(error) from None
        return self._read_later(offset, length) if found is None else found

    async def _read_later(self, offset: int, length: int) -> Bytes:
        with _refusing():
            await asyncio.to_thread(self._replica.warming(offset, length))
            return self._replica.read(offset, length)

    def write(self, offset: int, data: Bytes, *, durable: bool) -> Awaitable[None] | None:
        try:
            self._replica.write(offset, data)
        except _FAILURES as error:
            raise _refusal(error) from None
        self._touch(offset, len(data))
        return self.flush() if durable else None

    def zero(self, offset: int, length: int, *, durable: bool) -> Awaitable[None] | None:
        if length > _AT_ONCE or durable:
            return self._in_pieces(self._replica.zero, offset, length, durable=durable)
        with _refusing():
            self._replica.zero(offset, length)
        self._touch(offset, length)
        return None

    def discard(self, offset: int, length: int, *, durable: bool) -> Awaitable[None] | None:
        if length > _AT_ONCE or durable:
            return self._in_pieces(self._replica.discard, offset, length, durable=durable)
        with _refusing():
            self._replica.discard(offset, length)
        self._touch(offset, length)
        return None

    async def _in_pieces(
        self, change: Callable[[int, int], None], offset: int, length: int, *, durable: bool
    ) -> None:
        """A long change, letting other requests in between."""
        while length:
            step = min(length, _AT_ONCE)
            with _refusing():
                change(offset, step)
            self._touch(offset, step)
            offset, length = offset + step, length - step
            await asyncio.sleep(0)
        if durable:
            await self.flush()

    def _touch(self, offset: int, length: int) -> None:
        size, now = self._replica.header.region, self._flushes
        first, last = offset // size, (offset + length - 1) // size
        self._touched[first] = now
        for region in range(first + 1, last + 1) if last > first else ():
            self._touched[region] = now

    def flush(self) -> Awaitable[None]:
        """A flush that begins after this call; callers that wait together share one."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._flush_after(self._flushing))
        return asyncio.shield(self._next)

    async def _flush_after(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        self._flushing, self._next = self._next, None
        quiet = self._flushes - QUIET_FLUSHES
        self._flushes += 1
        with _refusing():
            for step in self._replica.flushing():
                await asyncio.to_thread(step)
            # Nothing touched these since long before the flush began.
            clean = [region for region, when in self._touched.items() if when < quiet]
            if clean:
                self._replica.clear(clean)
                for region in clean:
                    del self._touched[region]

    def allocation(self, offset: int, length: int) -> list[tuple[int, bool]]:
        with _refusing():
            return self._replica.allocation(offset, length)

    async def close(self) -> None:
        """Flush, and leave no region to verify at the next start."""
        if not self._replica.failure:
            await self.flush()
            self._replica.clear(sorted(self._replica.intent.marked))
            self._replica.flush()
        self._replica.close()


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what went wrong below into the protocol's errors. Every read and write says it out itself:

    a context manager costs as much as a small read.
    """
    try:
        yield
    except _FAILURES as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, ValueError):
        return Refusal(Code.EINVAL, str(error))
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return Refusal(Code.ENOSPC if full else Code.EIO, f"the replica's disk: {error}")
    return Refusal(Code.EIO, str(error))
