"""A controller in office: its term, leases and sessions, and how members leave.

What it may conclude comes from `blockengine.membership`; this module carries the messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from functools import partial
from typing import Any, NamedTuple, NoReturn

from blockengine.clock import now
from blockengine.membership import changes
from blockengine.membership import term as terms
from blockengine.membership.ballot import Granted, Refused, Stored
from blockengine.membership.catalog import Catalog
from blockengine.membership.lease import LeaseBook
from blockengine.membership.logs import RegionWrites
from blockengine.membership.record import Epoch, Position, Record, Voter
from blockengine.membership.term import Proposal, Term
from blockengine.protocol import messages
from blockengine.protocol.messages import Alive, Ask, Booted, Control, Keep, Open
from blockengine.protocol.wire import ISSUED, Kind, Status
from blockengine.volume.link import Link, Unanswered
from blockengine.volume.peer import Peer

Tell = Callable[[str], None]


class Fenced(Exception):
    """This controller has no business here any more; it ends, and does not come back by itself."""


class Session(NamedTuple):
    """An open session: the connection that it lives on, and the nonce of its requests."""

    link: Link
    nonce: int


class Office:
    """Created once a record is adopted. `ended` resolves with the reason when it is over."""

    def __init__(
        self, peers: Collection[Peer], *, epoch: Epoch, adopted: Record, leases: LeaseBook, tell: Tell
    ) -> None:
        self.peers, self.epoch, self.leases, self.tell = peers, epoch, leases, tell
        self.term: Term = terms.take_office(epoch, adopted)
        self.sessions: dict[str, Session] = {}
        self.boots: dict[str, str] = {}
        self.joining: set[str] = set()
        # Voters that are being taken off: they are not brought back.
        self.leaving: set[str] = set()
        self.writes = RegionWrites()
        self.changing = asyncio.Lock()
        # Held while layers are cut or their list changes, and while a region is copied to a joining replica.
        self.layering = asyncio.Lock()
        self.catalog: Catalog | None = None
        self.serving = False
        # Blocks that rotted on a member and were put right, since this controller took office.
        self.mended = 0
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.watch: Callable[[], None] = lambda: None
        self._opened = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._sending: set[tuple[Position, str]] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._derive()

    # What follows from the term; looked up by every request.

    def _derive(self) -> None:
        self.obliged, self.readable = self.term.obliged, self.term.readable
        position = self.term.base.position
        self.heads = {
            name: ISSUED.pack(session.nonce, *position.epoch, position.seq)
            for name, session in self.sessions.items()
        }
        served = terms.serves_until(self.term, self.leases)
        self.serve_until = served if self.serving and not self.ended.done() else 0

    def changed(self) -> None:
        """Term, leases or sessions are not what they were: whoever waits looks again."""
        self._derive()
        self.push()
        self.watch()
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds. Raises: Fenced if the office ends before."""
        while not condition():
            if self.ended.done():
                raise Fenced(self.ended.result())
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    def spawn(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a piece of work unless one of this name is under way; being fenced ends the office."""
        if name in self._tasks or self.ended.done():
            return

        async def guarded() -> None:
            try:
                await work()
            except Fenced as fenced:
                self.end(str(fenced))
            except Unanswered:
                pass
            except Exception as error:
                self.end(f"an internal error while it did its {name}: {error!r}")
                raise
            finally:
                del self._tasks[name]

        self._tasks[name] = asyncio.get_running_loop().create_task(guarded())

    def end(self, why: str) -> None:
        """No reply leaves any more."""
        if not self.ended.done():
            self.ended.set_result(why)
            self.tell(f"ends: {why}")
            self.changed()

    async def close(self) -> None:
        """Stop all work."""
        self.end("told to stop")
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Voters.

    def peer(self, voter: str) -> Peer | None:
        """Who is connected under this id, in the incarnation that the newest record counts."""
        known = self.term.newest.incarnation(voter)
        return None if known is None else self._connected(Voter(voter, known))

    def can(self, name: str, feature: str) -> bool:
        """Whether the process that a session is with names this feature (`protocol.speech`)."""
        peer = self.peer(name)
        return peer is not None and peer.identity is not None and feature in peer.identity.speech.features

    def _connected(self, voter: Voter) -> Peer | None:
        """Who is connected under this id in this incarnation."""
        for peer in self.peers:
            who = peer.identity
            if who is not None and peer.link is not None and who.voter == voter.id:
                ours = who.incarnation == voter.incarnation and who.volume == self.term.base.volume
                return peer if ours else None
        return None

    def fence(self, refused: Refused) -> NoReturn:
        """A voter promised a higher epoch: somebody else took over."""
        raise Fenced(f"a voter promised epoch {refused.promise.number} to another controller")

    def push(self) -> None:
        """Send every record that is not in force yet to every voter that doesn't hold it."""
        for proposal in self.term.sent:
            # One that leaves still counts for the majority of those before.
            for voter in {*proposal.record.voters, *self.term.base.voters}:
                self._push_to(proposal, voter)

    def _push_to(self, proposal: Proposal, voter: Voter) -> None:
        key = (proposal.record.position, voter.id)
        peer = self._connected(voter)
        if voter in proposal.stored or key in self._sending or peer is None or peer.link is None:
            return
        if not terms.may_send(self.term, proposal, voter):
            return
        self._sending.add(key)
        link = peer.link

        async def send() -> None:
            try:
                answer = await link.ask(Keep(proposal.record))
            except Unanswered as error:
                link.fail(f"could not store a record: {error}")
                return
            finally:
                self._sending.discard(key)
            self._pushed(proposal.record.position, voter.id, answer, link)

        self.spawn(f"record {key}", send)

    def _pushed(self, at: Position, name: str, answer: Stored | Refused, link: Link) -> None:
        if isinstance(answer, Stored):
            self.term = terms.stored(self.term, at, Voter(name, answer.incarnation))
            self.changed()
        elif answer.why == "promised":
            self.fence(answer)
        elif answer.why != "older":
            self.tell(f"{name} refused a record: {answer.why}")
            link.fail(f"refused a record: {answer.why}")

    # Leases, and signs of life.

    async def renew_for_ever(self) -> None:
        """Keep the leases, and notice sessions that broke while nobody used them."""
        while True:
            for peer in self.peers:
                if peer.link is not None:
                    self.spawn(f"lease of {peer.address}", partial(self._renew, peer.link))
            for name, session in self.sessions.items():
                self.spawn(f"pulse of {name}", partial(self._pulse, name, session))
            await asyncio.sleep(self.leases.duration / 4000)
            if self.serve_until and now() >= self.serve_until:
                self.changed()

    async def _renew(self, link: Link) -> None:
        asked = now()
        answer = await link.ask(Ask(self.epoch))
        if isinstance(answer, Granted) and self._leases_enough(link):
            self.leases = self.leases.granted(Voter(answer.voter, answer.incarnation), asked=asked)
            self.changed()
        elif isinstance(answer, Refused) and answer.why == "promised":
            self.fence(answer)

    def _leases_enough(self, link: Link) -> bool:
        """Whether this voter's leases are as long as we count them."""
        durations = [peer.identity.lease for peer in self.peers if peer.link is link and peer.identity]
        return all(duration >= self.leases.duration for duration in durations)

    async def _pulse(self, name: str, session: Session) -> None:
        if self.sessions.get(name) is not session:
            return
        answer = await session.link.ask(Alive(), self.heads[name])
        if isinstance(answer, Refused) and self.sessions.get(name) is session:
            self.lose(name, "its session is not the newest any more")

    # Sessions.

    async def open(self, name: str) -> bool:
        """Open a session with a replica; whether it did."""
        peer = self.peer(name)
        if peer is None or peer.link is None:
            return False
        link = peer.link
        self._opened += 1
        try:
            answer = await link.ask(Open(self.epoch, self._opened))
        except Unanswered:
            return False
        if isinstance(answer, Refused):
            if answer.why == "promised":
                self.fence(answer)
            return False
        assert isinstance(answer, Booted)
        if link.why:
            return False
        self.sessions[name] = Session(link, answer.nonce)
        self.boots[name] = answer.boot
        self.changed()
        return True

    def lose(self, name: str, why: str) -> None:
        """A session is over; if the replica is in sync, it leaves, or this controller does."""
        session = self.sessions.pop(name, None)
        if session is None:
            return
        self.joining.discard(name)
        session.link.fail(why)
        self.tell(f"lost {name}: {why}")
        self.changed()
        if self.serving and name in self.obliged:
            self.spawn("removal", self._remove)

    def link_left(self, link: Link, why: str) -> None:
        """A connection ended; the session on it did, too."""
        for name, session in list(self.sessions.items()):
            if session.link is link:
                self.lose(name, why)

    async def each(self, names: Iterable[str], work: Callable[[str], Awaitable[Any]]) -> dict[str, Any]:
        """The same for several replicas at once."""
        order = list(names)
        return dict(zip(order, await asyncio.gather(*(work(name) for name in order)), strict=True))

    async def ask(self, name: str, message: Control) -> Any | None:
        """A control message within a session; None if there was no good answer, and then it is lost."""
        session = self.sessions.get(name)
        if session is None:
            return None
        try:
            answer = await session.link.ask(message, self.heads[name])
        except Unanswered as error:
            answer = Refused(str(error), self.epoch)
        if isinstance(answer, Refused):
            if self.sessions.get(name) is session:
                self.lose(name, f"it refused: {answer.why}")
            return None
        return answer

    async def look(self, name: str, message: Control) -> Any | None:
        """What a replica answers; None if it does not, which loses it only if the connection broke."""
        session = self.sessions.get(name)
        if session is None:
            return None
        try:
            answer = await session.link.ask(message, self.heads[name])
        except Unanswered:
            return None
        return None if isinstance(answer, Refused) else answer

    async def order(self, name: str, message: Control) -> str:
        """Have a replica do something it may decline; why it did not, or nothing.

        One that declines (impossible, or no space) stays; any other trouble loses it.
        """
        session = self.sessions.get(name)
        if session is None:
            return "it has no session"
        body = messages.encode(message)
        status, answer = await session.link.call(Kind.CONTROL, self.heads[name], payload=body)
        if status == Status.OK:
            return ""
        why = session.link.words(status, answer)
        if status not in (Status.INVALID, Status.FULL) and self.sessions.get(name) is session:
            self.lose(name, f"it failed at {type(message).__name__.lower()}: {why}")
        return why

    async def flush(self, names: Iterable[str]) -> set[str]:
        """Flush replicas; those that did. The others are lost."""
        there = [(name, self.sessions[name]) for name in names if name in self.sessions]
        # All are asked at once, without a task for each: clients wait for nothing as often as for this.
        asked = [session.link.call(Kind.FLUSH, self.heads[name]) for name, session in there]
        done = set()
        for (name, session), answer in zip(there, asked, strict=True):
            status, body = await answer
            if status == Status.OK:
                done.add(name)
            elif self.sessions.get(name) is session:
                self.lose(name, f"its flush failed: {session.link.words(status, body)}")
        return done

    # Changes of the record.

    @property
    def steady(self) -> bool:
        """Whether every obliged member has a session, and no record is on its way."""
        return self.serving and not self.term.sent and self.obliged <= self.sessions.keys()

    def propose(self, record: Record) -> None:
        """Send a further record."""
        self.term = terms.propose(self.term, record)
        self.changed()

    async def _remove(self) -> None:
        """Take members without a session out of sync; until that is in force."""
        async with self.changing:
            while gone := self.obliged - self.sessions.keys():
                newest = self.term.newest
                staying = newest.member_ids - gone
                if not staying:
                    raise Fenced("the session with the last replica in sync broke")
                if newest.member_ids & gone:
                    flushed = await self.flush(sorted(staying))
                    if flushed != staying or gone != self.obliged - self.sessions.keys():
                        continue
                    at = terms.next_position(self.term)
                    self.propose(changes.remove(newest, gone, at))
                    self.tell(f"removing {', '.join(sorted(gone))}: record {at.epoch.number}.{at.seq}")
                held = frozenset(self.sessions)
                await self.until(partial(self._decided, held))

    def _decided(self, held: frozenset[str]) -> bool:
        """Whether everything sent is in force, or a session that was `held` broke meanwhile."""
        return not self.term.sent or not held <= self.sessions.keys()
