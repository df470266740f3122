"""Changes of bytes on their way to every replica that must have them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from blockengine.clock import now
from blockengine.protocol.nbd import Code
from blockengine.protocol.wire import Status, tail
from blockengine.replica.files import Bytes
from blockengine.replica.layer import BLOCK
from blockengine.volume.device import Refusal
from blockengine.volume.geometry import Geometry
from blockengine.volume.link import Body, Link
from blockengine.volume.office import Office
from blockengine.volume.pending import Pending
from blockengine.volume.ranges import BlockLocks, Range
from blockengine.volume.settling import Unsettled, settle_range

# A change within one region: offset, length, and the bytes (none for zeroes and discards).
Piece = tuple[int, int, Bytes]

_PAUSE = 0.01


class Change(Pending[None]):
    """One change, from its locks to its answer; `failed` members miss it, `full` ones have no space."""

    targets: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    full: frozenset[str] = frozenset()
    outstanding = 0

    def __init__(self, kind: int, pieces: Sequence[Piece], taken: Range) -> None:
        self.kind, self.pieces, self.range = kind, pieces, taken


class Changes:
    """Sends changes to all that are obliged or joining, and answers when the obliged have them.

    `held` wait to be sent, because a member has no session; `parked` were sent, and wait until
    a member that missed them is out of sync; `unanswered` only wait for the lease.
    """

    def __init__(self, office: Office, geometry: Geometry, locks: BlockLocks) -> None:
        self._office, self._geometry, self._locks = office, geometry, locks
        self._held: list[Change] = []
        self._parked: list[Change] = []
        self._unanswered: list[Change] = []
        self._targets: tuple[tuple[Link, bytes], ...] = ()
        self._names: frozenset[str] = frozenset()
        self._flying: set[Change] = set()
        self._draining: list[tuple[set[Change], asyncio.Future[None]]] = []
        self.touched: dict[int, int] = {}
        self.flushes = 0
        self._quiet = 0
        self._told = self._replied
        self.look_again()

    def look_again(self) -> None:
        """The office changed: whoever waits tries again."""
        office = self._office
        ready = office.serving and not office.ended.done() and office.obliged <= office.sessions.keys()
        ready = ready and not self._quiet
        names = (office.obliged | office.joining) & office.sessions.keys() if ready else frozenset()
        self._names = frozenset(names)
        self._targets = tuple((office.sessions[name].link, office.heads[name]) for name in sorted(names))
        held, self._held = self._held, []
        parked, self._parked = self._parked, []
        unanswered, self._unanswered = self._unanswered, []
        for change in unanswered:
            self._answer(change)
        for change in parked:
            self._finish(change)
        for change in held:
            self._start(change)

    async def end(self) -> None:
        """Wait until there is no change at all, not even one that waits for its blocks or a member."""
        while self._flying or self._held or self._locks.awaited:
            await self.drain()
            await asyncio.sleep(_PAUSE)

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[None]:
        """No change is under way inside; those that come are held."""
        self._quiet += 1
        self.look_again()
        try:
            await self.drain()
            yield
        finally:
            self._quiet -= 1
            self.look_again()

    def begin(self, change: Change) -> None:
        """Send a change once its blocks are free."""
        self._locks.take(change.range, self._start, change)

    async def drain(self) -> None:
        """Wait until every change that was sent before has ended."""
        if self._flying:
            drained: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiting = (set(self._flying), drained)
            self._draining.append(waiting)
            try:
                await drained
            finally:
                self._draining.remove(waiting)

    def _start(self, change: Change) -> None:
        targets = self._targets
        if not targets:
            self._held.append(change)
            return
        change.targets = self._names
        change.outstanding = len(targets) * len(change.pieces)
        self._flying.add(change)
        kind, told = change.kind, self._told
        for offset, length, payload in change.pieces:
            region = offset // self._geometry.region_size
            writes = self._office.writes.begin(region)
            self.touched[region] = self.flushes
            rest = tail(offset, writes, length)
            for link, head in targets:
                link.send(kind, head + rest, payload, told, change)

    def _replied(self, change: Change, link: Link, status: int, body: Body) -> None:
        change.outstanding -= 1
        if status:
            self._missed(change, link, status, body)
        if change.outstanding:
            return
        if change.full:
            self._no_space(change)
        else:
            self._finish(change)

    def _missed(self, change: Change, link: Link, status: int, body: Body) -> None:
        name = link.voter
        if status == Status.FULL:
            change.full |= {name}
            return
        change.failed |= {name}
        session = self._office.sessions.get(name)
        if session is not None and session.link is link:
            self._office.lose(name, f"a change failed: {link.words(status, body)}")

    def _no_space(self, change: Change) -> None:
        if self._office.obliged <= change.full | change.failed:
            self._office.spawn(f"no space {id(change)}", partial(self._nowhere, change))
            return
        change.failed |= change.full
        for name in change.full:
            self._office.lose(name, "its disk is full")
        self._finish(change)

    def _finish(self, change: Change) -> None:
        have = change.targets - change.failed if change.failed else change.targets
        if not self._office.obliged <= have:
            self._parked.append(change)
            return
        self._release(change)
        self._answer(change)

    def _release(self, change: Change) -> None:
        self._flying.discard(change)
        for earlier, drained in self._draining:
            earlier.discard(change)
            if not earlier and not drained.done():
                drained.set_result(None)
        for offset, _, _ in change.pieces:
            self._office.writes.finish(offset // self._geometry.region_size)
        self._locks.give(change.range)

    def _answer(self, change: Change) -> None:
        if change.done():
            return
        if now() < self._office.serve_until:
            change.set_result(None)
        elif not self._office.ended.done():
            self._unanswered.append(change)

    async def _nowhere(self, change: Change) -> None:
        """No member had space: what some have in part is made alike, and the client is told."""
        office = self._office
        for name in change.targets - office.obliged:
            office.lose(name, "its disk is full")
        try:
            for offset, length, _ in change.pieces:
                first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
                await settle_range(office, self._geometry, first * BLOCK, (last - first) * BLOCK)
        except Unsettled:
            await office.until(lambda: office.obliged <= office.sessions.keys())
            await self._nowhere(change)
            return
        self._release(change)
        if not change.done():
            change.set_exception(Refusal(Code.ENOSPC, "the replicas' disks are full"))
