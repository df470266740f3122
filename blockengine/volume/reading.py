"""Reads: from one trusted member, and from another where a copy is bad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from blockengine.clock import now
from blockengine.protocol.nbd import Code
from blockengine.protocol.stream import LARGE
from blockengine.protocol.wire import Kind, Status, tail
from blockengine.replica.files import Bytes
from blockengine.replica.layer import BLOCK
from blockengine.volume.device import Refusal
from blockengine.volume.geometry import Geometry
from blockengine.volume.link import Body, Link
from blockengine.volume.mending import mend_view
from blockengine.volume.office import Office
from blockengine.volume.pending import Pending
from blockengine.volume.ranges import NOTHING, BlockLocks, blocks
from blockengine.volume.settling import Unsettled, settle_range

# So many reads go to one member before it is the next one's turn: requests that leave together
# cost one write, and wake one process.
_IN_A_ROW = 32
# A plain number, which costs less than an enum's member.
_READ = int(Kind.READ)


class Read(Pending[Bytes]):
    """One read; `bad` are the members whose copy does not verify, `mended` says that a repair was tried.

    A `locked` read's blocks are held by its caller: it takes no lock, and waits for no repair. `room` is
    where a member on this machine puts the bytes, if that is not in its answer.
    """

    bad: frozenset[str] = frozenset()
    mended = False
    room: Bytes = b""

    def __init__(self, kind: int, offset: int, length: int, *, locked: bool = False) -> None:
        self.kind, self.offset, self.length = kind, offset, length
        if locked:
            self.range, self.mended = NOTHING, True
        else:
            self.range = blocks(offset, length, shared=True)


class Reads:
    """Spreads reads over the members in sync. `held` wait for one, or for the lease."""

    def __init__(self, office: Office, geometry: Callable[[], Geometry], locks: BlockLocks) -> None:
        self._office, self._geometry, self._locks = office, geometry, locks
        self._held: list[Read] = []
        self._readers: tuple[tuple[Link, bytes], ...] = ()
        self._sent = 0
        self._told = self._replied
        self.look_again()

    def look_again(self) -> None:
        """The office changed: whoever waits tries again."""
        office = self._office
        names = office.readable & office.sessions.keys() if office.serving else ()
        self._readers = tuple((office.sessions[name].link, office.heads[name]) for name in sorted(names))
        held, self._held = self._held, []
        for read in held:
            self._start(read)

    def begin(self, read: Read) -> None:
        """Read once no change is under way in these blocks."""
        self._locks.take(read.range, self._start, read)

    def _start(self, read: Read) -> None:
        readers = self._readers
        if read.bad:
            readers = tuple(reader for reader in readers if reader[0].voter not in read.bad)
            if not readers and self._readers:
                self._lost_everywhere(read)
                return
        if not readers or self._office.ended.done():
            self._held.append(read)
            return
        self._sent += 1
        link, head = readers[self._sent // _IN_A_ROW % len(readers)]
        if read.length >= LARGE and read.kind == _READ:
            read.room = link.room(read.length)
        link.send(read.kind, head + tail(read.offset, 0, read.length), read.room, self._told, read)

    def _replied(self, read: Read, link: Link, status: int, body: Body) -> None:
        office, name = self._office, link.voter
        if status == Status.OK:
            if name not in office.readable:
                self._start(read)
            elif now() < office.serve_until:
                self._answer(read, body or read.room)
            else:
                self._held.append(read)
        elif status == Status.ROTTEN:
            office.tell(f"{name} has bad blocks between bytes {read.offset} and {read.offset + read.length}")
            read.bad |= {name}
            self._start(read)
        else:
            session = office.sessions.get(name)
            if session is not None and session.link is link:
                office.lose(name, f"a read failed: {link.words(status, body)}")
            self._start(read)

    def _answer(self, read: Read, body: Bytes) -> None:
        self._locks.give(read.range)
        read.set_result(body)
        if read.bad:
            self._office.spawn(f"repair at {read.offset}", partial(self.repair, read.offset, read.length))

    def _lost_everywhere(self, read: Read) -> None:
        self._locks.give(read.range)
        if not read.mended:
            self._office.spawn(f"repair for {id(read)}", partial(self._mend, read))
            return
        message = f"no replica has intact bytes between {read.offset} and {read.offset + read.length}"
        self._office.tell(message)
        read.set_exception(Refusal(Code.EIO, message))

    async def _mend(self, read: Read) -> None:
        """Every member has bad blocks, but perhaps not the same: repair them, then read again."""
        await self.repair(read.offset, read.length)
        read.mended, read.bad = True, frozenset()
        self.begin(read)

    async def repair(self, offset: int, length: int) -> None:
        """Write blocks that are bad on one member again, from one that has them intact."""
        geometry = self._geometry()
        first = offset - offset % BLOCK
        last = min(-(-(offset + length) // BLOCK) * BLOCK, geometry.size)
        for start, size in geometry.pieces(first, last - first):
            wanted = blocks(start, size)
            granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._locks.take(wanted, granted.set_result, None)
            await granted
            try:
                await mend_view(self._office, start, size, view=0, where="the volume")
                await settle_range(self._office, geometry, start, size, intact_only=True)
                self._office.tell(f"repaired bytes {start} to {start + size}")
            except Unsettled:
                pass
            finally:
                self._locks.give(wanted)
