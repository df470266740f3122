"""A replica's side of the protocol: bytes for one session at a time.

Changes of bytes run on the event loop, in the order in which they come; only waits for the
disk leave it. So nothing of an older session is under way when a newer one opens.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Iterable, Mapping

from blockengine.membership import logs
from blockengine.membership.ballot import Refused
from blockengine.protocol import messages
from blockengine.protocol.messages import (
    Alive,
    Booted,
    Clear,
    Copied,
    Forget,
    Grow,
    Intent,
    Log,
    Missed,
    Open,
)
from blockengine.protocol.wire import Kind, Request, Status
from blockengine.replica.files import Bytes
from blockengine.replica.layer import BLOCK, sums_of
from blockengine.replica.layered import LayerService
from blockengine.replica.replica import Failed, Replica, Rotten
from blockengine.replica.session import Gate
from blockengine.replica.voting import Voting

Answer = tuple[int, Bytes]
DONE: Answer = (Status.OK, b"")
# Plain numbers, which cost less than an enum's members.
_OK = int(Status.OK)
_CHANGES = frozenset((int(Kind.WRITE), int(Kind.ZERO), int(Kind.DISCARD)))
_READ, _FLUSH, _ZERO, _ALLOCATION, _SUMS = (
    int(kind) for kind in (Kind.READ, Kind.FLUSH, Kind.ZERO, Kind.ALLOCATION, Kind.SUMS)
)


class ReplicaService(Voting):
    """Serves one open replica."""

    def __init__(self, replica: Replica, *, boot: str) -> None:
        super().__init__(replica, boot=boot)
        self.replica = replica
        self.gate = Gate()
        self.layered = LayerService(replica, self.disk)

    # Bytes.

    def serve(self, request: Request, payload: memoryview | None) -> Answer | Awaitable[Answer]:
        """Carry out a request about bytes; at once where that takes no wait.

        A READ's payload is where the bytes may be put.
        """
        try:
            _, kind, _, issued, offset, _, length, _ = request
            replica = self.replica
            if not self.gate.admits(replica.ledger.ballot, issued):
                return self._not_admitted()
            if kind in _CHANGES:
                self._change(request, payload)
                return DONE
            if kind == _READ:
                found = replica.read_cached(offset, length, payload)
                return (_OK, found) if found is not None else self._read_later(request)
            return self._rarer(request)
        except (ValueError, Rotten, Failed, OSError) as error:
            return failed(error)

    def _rarer(self, request: Request) -> Answer | Awaitable[Answer]:
        """What is neither a change nor a read."""
        if request.kind == _FLUSH:
            return self._flush(request.issued)
        if request.kind == _SUMS:
            return self._sums_later(request)
        if request.kind == _ALLOCATION:
            return _OK, messages.encode(self.replica.allocation(request.offset, request.length))
        return _OK, self._inspect(request.offset, request.length)

    def _not_admitted(self) -> Answer:
        refused = Refused("session", self.replica.ballot.promise)
        return Status.REFUSED, messages.encode(refused)

    def _change(self, request: Request, payload: memoryview | None) -> None:
        _, kind, _, _, offset, writes, length, _ = request
        replica, session = self.replica, self.gate.session
        size = replica.header.region
        region = offset // size
        if (offset + length - 1) // size != region:
            raise ValueError("a change must stay within one region")
        assert session is not None
        if session.counts.get(region, 0) < writes:
            session.counts[region] = writes
        if payload is not None:
            replica.write(offset, payload)
        elif kind == _ZERO:
            replica.zero(offset, length)
        else:
            replica.discard(offset, length)

    async def _read_later(self, request: Request) -> Answer:
        try:
            await asyncio.to_thread(self.replica.warming(request.offset, request.length))
            if not self.gate.admits(self.replica.ballot, request.issued):
                return self._not_admitted()
            return Status.OK, self.replica.read(request.offset, request.length)
        except (ValueError, Rotten, Failed, OSError) as error:
            return failed(error)

    async def _sums_later(self, request: Request) -> Answer:
        """The checksums of whole blocks: read, one byte each (1 if it verifies), then the sums."""
        try:
            first, count = request.offset // BLOCK, request.length // BLOCK
            # A damaged map names no place to read from; the inspection finds it.
            with contextlib.suppress(Rotten):
                await asyncio.to_thread(self.replica.warming(request.offset, request.length))
            if not self.gate.admits(self.replica.ballot, request.issued):
                return self._not_admitted()
            data, wrong = self.replica.store.inspect(first, count)
            return Status.OK, _marks(first, count, wrong) + sums_of(data, first)
        except (ValueError, Failed, OSError) as error:
            return failed(error)

    async def _flush(self, issued: bytes) -> Answer:
        try:
            async with self.disk:
                if not self.gate.admits(self.replica.ballot, issued):
                    return self._not_admitted()
                for step in self.replica.flushing():
                    await asyncio.to_thread(step)
            return DONE
        except (Failed, OSError) as error:
            return failed(error)

    def _inspect(self, offset: int, length: int) -> bytes:
        """Whole blocks as they are: one byte each, 1 if the checksum verifies; then the bytes."""
        first, count = offset // BLOCK, length // BLOCK
        data, wrong = self.replica.store.inspect(first, count)
        return _marks(first, count, wrong) + data

    # Control.

    async def answer(self, message: messages.Request, issued: bytes = b"") -> object | Refused:
        """The answer to a control message. Raises: ValueError, Failed, OSError."""
        if isinstance(message, Open):
            async with self.disk:
                return self._open(message)
        if isinstance(message, Alive | Intent | Log | Clear | Copied | Forget | Grow):
            async with self.disk:
                if not self.gate.admits(self.replica.ballot, issued):
                    return Refused("session", self.replica.ballot.promise)
                return self._in_session(message)
        if isinstance(message, messages.Layered):
            if not self.gate.admits(self.replica.ballot, issued):
                return Refused("session", self.replica.ballot.promise)
            return await self.layered.answer(message)
        return await super().answer(message)

    async def stop(self) -> None:
        """End what goes on in the background."""
        await self.layered.stop()

    def _open(self, message: Open) -> Booted | Refused:
        answer = self.replica.open_session(epoch=message.epoch, number=message.number)
        if isinstance(answer, Refused):
            return answer
        return Booted(self.gate.open(message.epoch, message.number).nonce, self.boot)

    def _in_session(self, message: Alive | Intent | Log | Clear | Copied | Forget | Grow) -> object:
        replica = self.replica
        if isinstance(message, Intent):
            return sorted(replica.intent.marked)
        if isinstance(message, Log):
            log = replica.missed.get(message.target)
            return None if log is None else Missed(log.tag, sorted(log.marked), log.whole)
        if isinstance(message, Clear):
            replica.clear(self._untouched(message.regions))
        elif isinstance(message, Copied):
            replica.copied(message.target, message.tag, self._untouched(message.regions))
        elif isinstance(message, Forget):
            replica.forget(message.target, message.tag)
        elif isinstance(message, Grow):
            # A replica may have grown already, for a growth that another one refused.
            replica.grow(max(message.size, replica.header.size), overcommit=message.overcommit)
        return None

    def _untouched(self, regions: Mapping[int, int]) -> list[int]:
        """Those in which this session sent no write beyond the given count."""
        assert self.gate.session is not None
        counts = self.gate.session.counts
        return [region for region, count in regions.items() if logs.clear_applies(counts.get(region), count)]


def _marks(first: int, count: int, wrong: Iterable[int]) -> bytes:
    """One byte per block, 1 for those that verify."""
    verified = bytearray(b"\1" * count)
    for block in wrong:
        verified[block - first] = 0
    return bytes(verified)


def failed(error: Exception) -> Answer:
    """The status and words for what went wrong below."""
    status = Status.FAILED
    if isinstance(error, ValueError):
        status = Status.INVALID
    elif isinstance(error, Rotten):
        status = Status.ROTTEN
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        status = Status.FULL
    return status, str(error).encode()
