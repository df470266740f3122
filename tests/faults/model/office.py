"""The data model's controller: take-over, the write path, removal, settle, resync.

What it may conclude comes from `blockengine.membership`; this file only orders the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

from blockengine.membership import changes, settle
from blockengine.membership import logs as rules
from blockengine.membership import term as terms
from blockengine.membership.ballot import Granted, Refused, Stored
from blockengine.membership.lease import LeaseBook
from blockengine.membership.logs import RegionWrites
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.membership.settle import Copy
from blockengine.membership.term import Term
from tests.faults.model import member as wire
from tests.faults.model import snapshots
from tests.faults.model.member import BLOCKS, LEASE, PER_REGION, REGIONS, Booted, Session, Torn
from tests.faults.model.schedule import Lock, Owner, Promise, Schedule


class Network(Protocol):
    """Carries requests to replicas; None as an answer says that there is none."""

    def call(self, controller: Controller, replica: str, request: Any) -> Promise: ...

    def serves(self, controller: Controller) -> None: ...

    def all_lost_power(self) -> None: ...

    def cut(self, number: int) -> None:
        """This is the moment of a snapshot."""
        ...

    def restoring(self, controller: Controller, number: int) -> None:
        """A record is in force that says so: nobody may be served before the end."""
        ...

    def restored(self) -> None:
        """The volume is what it was at the snapshot, and served again."""
        ...


class Fenced(Exception):
    """This controller has no business here any more."""


class Controller(Owner):
    """One controller process. Its promises are the volume's."""

    def __init__(self, schedule: Schedule, network: Network, epoch: Epoch, replicas: Iterable[str]) -> None:
        super().__init__()
        self.schedule, self.network, self.epoch = schedule, network, epoch
        self.replicas = tuple(replicas)
        self.leases = LeaseBook(LEASE, 1)
        self.term: Term | None = None
        self.sessions: dict[str, Session] = {}
        self.boots: dict[str, str] = {}
        self.opened = 0
        self.joining: set[str] = set()
        self.writes = RegionWrites()
        self.locks = [Lock(schedule) for _ in range(BLOCKS)]
        self.changing = Lock(schedule)
        self.layering = Lock(schedule)
        self.serving = self.withheld = False
        self.clients = 0

    # Plumbing.

    def give_up(self) -> NoReturn:
        """Nobody can tell what is in force: the next controller finds out."""
        raise Fenced

    @property
    def office(self) -> Term:
        assert self.term is not None
        return self.term

    def spawn(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Promise:
        async def guarded() -> Any:
            try:
                return await work()
            except Fenced:
                self.dead = True
                return None

        return self.schedule.spawn(self, guarded)

    async def all(self, requests: dict[str, Any]) -> dict[str, Any]:
        """Ask several replicas at once; their answers, None where there was none."""
        sent = {name: self.network.call(self, name, request) for name, request in requests.items()}
        return {name: await promise for name, promise in sent.items()}

    async def each(self, kind: Any, names: Iterable[str], *fields: Any) -> dict[str, Any]:
        """Ask replicas within their sessions; None for those without one."""
        requests = {
            name: kind(self.sessions[name], self.issued, *fields) for name in names if name in self.sessions
        }
        answers = await self.all(requests)
        return {name: answers.get(name) for name in names}

    @property
    def issued(self) -> Position:
        return self.office.base.position

    # Taking over.

    async def run(self) -> None:
        """Take over, settle, serve; then renew leases and bring absent replicas back."""
        await self.take_over()
        await self.settle()
        await snapshots.resume_restore(self)
        self.serving = True
        self.network.serves(self)
        async with self.layering:
            # A list that a cut is about to change is no measure of what to keep.
            await snapshots.retain(self)
        self.spawn(self.renew_for_ever)
        while True:
            await self.schedule.pause(25)
            for absent in self.office.newest.absent:
                await self.resync(absent.id)

    async def take_over(self) -> None:
        grants: dict[str, Granted] = {}
        while True:
            grants |= await self.renew()
            adopted = terms.adopt(tuple(grants.values()))
            if adopted is not None:
                break
            await self.schedule.pause(20)
        self.term = terms.take_office(self.epoch, adopted)
        for _ in range(40):
            await self.push()
            members = self.office.newest.member_ids
            for name in sorted(members - set(self.sessions)):
                await self.open(name)
            answered = {name: self.boots[name] for name in members if name in self.sessions}
            at = terms.next_position(self.office)
            record = changes.rebooted(self.office.newest, answered, at)
            if record is not None and await self.resume(record):
                return
            await self.schedule.pause(20)
        raise Fenced

    async def resume(self, record: Record) -> bool:
        """Propose who may be a source; True when that is in force."""
        before = self.office.newest
        if record.in_sync != before.in_sync or not self.office.serving:
            if not all((await self.each(wire.Flush, sorted(record.member_ids))).values()):
                self.drop(record.member_ids)
                return False
            if all(self.lost_power(before, member) for member in record.in_sync):
                self.network.all_lost_power()
            self.term = terms.propose(self.office, record)
            await self.push()
        return self.office.serving and not self.office.sent

    def lost_power(self, before: Record, member: Member) -> bool:
        known = before.member(member.id)
        return known is not None and known.boot != member.boot

    def drop(self, names: Iterable[str]) -> None:
        for name in names:
            self.sessions.pop(name, None)

    async def renew(self) -> dict[str, Granted]:
        asked = self.schedule.now
        answers = await self.all({name: wire.Ask(self.epoch) for name in self.replicas})
        granted = {}
        for name, answer in answers.items():
            if isinstance(answer, Granted):
                self.leases = self.leases.granted(Voter(name, answer.incarnation), asked=asked)
                granted[name] = answer
            elif isinstance(answer, Refused) and answer.why == "promised":
                raise Fenced
        return granted

    async def renew_for_ever(self) -> None:
        """Keep the leases, and notice sessions that broke while nobody used them."""
        while True:
            await self.renew()
            alive = await self.each(wire.Intent, sorted(self.office.obliged))
            broken = {name for name, answer in alive.items() if answer is None}
            self.drop(broken)
            await self.remove(broken)
            await self.schedule.pause(40)

    async def open(self, name: str) -> bool:
        self.opened += 1
        number = self.opened
        booted = (await self.all({name: wire.Open(self.epoch, number)}))[name]
        if isinstance(booted, Booted):
            self.sessions[name] = Session(self.epoch, number, booted.nonce)
            self.boots[name] = booted.boot
        return isinstance(booted, Booted)

    async def push(self) -> None:
        """Send every record that is not in force yet to every voter."""
        for proposal in self.office.sent:
            answers = await self.all(
                {voter.id: wire.Keep(proposal.record) for voter in proposal.record.voters}
            )
            for name, answer in answers.items():
                if isinstance(answer, Stored):
                    voter = Voter(name, answer.incarnation)
                    self.term = terms.stored(self.office, proposal.record.position, voter)

    async def settle(self) -> None:
        """Make all members alike wherever a write may have been under way."""
        members = sorted(self.office.base.member_ids)
        intents = await self.each(wire.Intent, members)
        if None in intents.values():
            raise Fenced
        for region in sorted(frozenset().union(*intents.values())):
            for block in range(region * PER_REGION, (region + 1) * PER_REGION):
                await self.settle_block(block, members)
        if not all((await self.each(wire.Flush, members)).values()):
            raise Fenced

    async def settle_block(self, block: int, members: list[str]) -> None:
        async with self.locks[block]:
            answers = await self.each(wire.Read, members, block)
            if None in answers.values():
                raise Fenced
            copies = {
                name: Copy(answer[0], not isinstance(answer[0], Torn)) for name, answer in answers.items()
            }
            _, chosen = settle.choose(copies)
            value = chosen.content
            if isinstance(value, Torn):
                value = self.schedule.random.choice(value)
            if any(copy.content != value for copy in copies.values()):
                count = self.writes.begin(block // PER_REGION)
                if not all((await self.each(wire.Write, members, block, value, count, True)).values()):
                    raise Fenced
                self.writes.finish(block // PER_REGION)

    # Service.

    def may_serve(self) -> bool:
        return self.serving and self.schedule.now < terms.serves_until(self.office, self.leases)

    @contextmanager
    def served(self) -> Iterator[bool]:
        """Around what a client asks for; whether it is served at all."""
        self.clients += not self.withheld
        served = not self.withheld
        try:
            yield served
        finally:
            self.clients -= served

    async def write(self, block: int, value: Any) -> bool:
        """True when every member in sync has it; otherwise nothing is known."""
        with self.served() as served:
            return served and await self.put(block, value) and self.may_serve()

    async def put(self, block: int, value: Any) -> bool:
        """Have a block changed on every member in sync; whether it is."""
        async with self.locks[block]:
            region = block // PER_REGION
            count = self.writes.begin(region)
            targets = sorted(self.office.obliged | self.joining)
            answers = await self.each(
                wire.Write, targets, block, value, count, False, frozenset(self.joining)
            )
            failed = {name for name, answer in answers.items() if answer is None}
            self.drop(failed)
            self.joining -= failed
            await self.remove(failed)
            if not self.office.obliged <= set(targets) - failed:
                return False
            self.writes.finish(region)
            return True

    async def read(self, block: int) -> tuple[Any] | None:
        """The block's content in a tuple, or None."""
        with self.served() as served:
            return await self.get(block) if served else None

    async def get(self, block: int) -> tuple[Any] | None:
        """The same for who is served."""
        async with self.locks[block]:
            for name in self.schedule.random.sample(sorted(self.office.readable), len(self.office.readable)):
                found: tuple[Any] | None = (await self.each(wire.Read, [name], block))[name]
                if found is not None and name in self.office.readable:
                    return found if self.may_serve() else None
                self.drop({name})
                await self.remove({name})
        return None

    async def flush(self) -> bool:
        """True when everything acknowledged before is durable on every member."""
        with self.served() as served:
            return served and await self.flush_all()

    async def flush_all(self) -> bool:
        """The same for who is served."""
        before = self.writes.flushing()
        members = sorted(self.office.obliged)
        answers = await self.each(wire.Flush, members)
        failed = {name for name, answer in answers.items() if answer is None}
        self.drop(failed)
        await self.remove(failed)
        if not self.office.obliged <= set(members) - failed:
            return False
        clean = self.writes.clean(before)
        if not failed and clean:
            for name in members:
                if name in self.sessions:
                    request = wire.Clear(self.sessions[name], self.issued, clean)
                    self.network.call(self, name, request)
        return self.may_serve()

    async def remove(self, failed: set[str]) -> None:
        """Take members out of sync; returns when that is in force, or ends this controller."""
        if not failed & self.office.obliged:
            return
        async with self.changing:
            gone = set(failed)
            for _ in range(12):
                gone &= self.office.obliged
                if not gone:
                    return
                newest = self.office.newest
                staying = newest.member_ids - gone
                if not staying:
                    raise Fenced
                flushed = await self.each(wire.Flush, sorted(staying))
                gone |= {name for name, answer in flushed.items() if answer is None}
                if newest.member_ids <= gone:
                    raise Fenced
                if newest.member_ids & gone:
                    record = changes.remove(newest, gone, terms.next_position(self.office))
                    self.term = terms.propose(self.office, record)
                await self.push()
                if self.office.sent:
                    gone |= await self.deaf()
            raise Fenced

    async def deaf(self) -> set[str]:
        """Members that did not store the newest record."""
        stored = {voter.id for voter in self.office.sent[-1].stored}
        await self.schedule.pause(5)
        return set(self.office.newest.member_ids - stored)

    # Resync.

    async def resync(self, target: str) -> None:
        """Bring a replica back: it takes part in writes, gets what it missed, and is promoted."""
        await self.push_to(target)
        if not await self.open(target):
            return
        async with self.layering:
            if not await snapshots.align(self, target):
                return
            await self.join(target)
        regions = await self.missed(target)
        if regions is None or not await self.copy_all(target, regions):
            self.joining.discard(target)
            return
        await self.promote(target)

    async def push_to(self, target: str) -> None:
        await self.all({target: wire.Keep(self.office.base)})

    async def join(self, target: str) -> None:
        """The target takes every write from now on; those begun earlier end first."""
        self.joining.add(target)
        for lock in self.locks:
            async with lock:
                pass

    async def missed(self, target: str) -> frozenset[int] | None:
        """What to copy: some source's log and the target's own intent, or everything."""
        own = (await self.each(wire.Intent, [target]))[target]
        if own is None:
            return None
        for source in sorted(self.office.readable):
            answer = (await self.each(wire.Log, [source], target))[source]
            log = answer and answer[0]
            if rules.covers(self.office.base, log, holder=source, target=target):
                return frozenset(log.regions | own)
        return frozenset(range(REGIONS))

    async def copy_all(self, target: str, regions: frozenset[int]) -> bool:
        copied: set[int] = set()
        for region in sorted(regions):
            for block in range(region * PER_REGION, (region + 1) * PER_REGION):
                async with self.layering:
                    if not await snapshots.fill(self, target, block) or not await self.copy(target, block):
                        return False
            copied.add(region)
            if self.schedule.random.random() < 0.5:
                await self.note(target, copied)
        return target in self.joining

    async def note(self, target: str, copied: set[int]) -> None:
        """What was copied need not be copied again, should this resync be cut short."""
        absence = self.office.newest.absence(target)
        before = self.writes.quiet(copied)
        members = sorted(self.office.obliged)
        flushed = await self.each(wire.Flush, [*members, target])
        if absence is None or not all(flushed.values()) or members != sorted(self.office.obliged):
            return
        alike = self.writes.clean(before)
        await self.each(wire.Copied, members, target, absence.out, alike)
        await self.each(wire.Clear, [target], alike)

    async def copy(self, target: str, block: int) -> bool:
        async with self.locks[block]:
            sources = sorted(self.office.readable)
            if target not in self.joining:
                return False
            found = (await self.each(wire.Read, sources[:1], block))[sources[0]]
            if found is None:
                self.drop(sources[:1])
                await self.remove(set(sources[:1]))
                return False
            region = block // PER_REGION
            count = self.writes.begin(region)
            answer = (await self.each(wire.Write, [target], block, found[0], count, True))[target]
            self.writes.finish(region)
            return answer is not None

    async def promote(self, target: str) -> None:
        if not (await self.each(wire.Flush, [target]))[target]:
            self.joining.discard(target)
            return
        async with self.changing:
            absence = self.office.newest.absence(target)
            if target not in self.joining or absence is None or self.office.sent:
                self.joining.discard(target)
                return
            at = terms.next_position(self.office)
            record = changes.promote(self.office.newest, target, self.boots[target], at)
            self.term = terms.propose(self.office, record)
            await self.push()
            self.joining.discard(target)
        if self.office.sent:
            await self.remove(await self.deaf())
        if not self.office.sent and self.office.base.member(target):
            holders = sorted(self.office.base.member_ids)
            await self.each(wire.Forget, holders, target, absence.out)
