"""The records model: every order of every message, within stated bounds.

The world is a tuple of small numbers: the voters' ballots, the controllers, the set of
records sent so far, and a ghost that knows which replicas miss an acknowledged write. A
record, once sent, may reach any voter at any later time, any number of times, or never;
its answer may be lost. Ballots, terms and lease books are `blockengine.membership`'s own.

What makes the space small enough, and why nothing is lost by it:

- Answers are not kept under way. A late answer differs from a lost one only if the request
  is not repeated, and requests repeat freely.
- Time is a tick that all clocks share (drift is a margin that the rules subtract), and a
  lease lasts one tick. A request for a grant that arrives a tick late leases the voter and
  tells the controller nothing: the same as one sent now whose answer is lost. So requests
  need no place in the set of messages, and neither do those that open sessions. Leases
  that ran out are forgotten, except where a seeded bug would look at them.
- A controller opens its only session with a replica together with the first record that it
  stores there, except in scenarios that part them. Reopened sessions are the data model's.
- Voters start alike, so they can be renamed: the first one that the first controller
  removes is called C, and of A and B the first to promise itself to the second is A.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from blockengine.membership import ballot as ballots
from blockengine.membership import changes
from blockengine.membership import term as terms
from blockengine.membership.ballot import Ballot, Granted, Lease, Opened, Stored
from blockengine.membership.lease import Held, LeaseBook
from blockengine.membership.record import NOBODY, Epoch, Member, Position, Record, Voter
from blockengine.membership.term import Term
from tests.faults.model.ghost import Ghost, entries
from tests.faults.model.world import (
    DURATION,
    Act,
    Controller,
    Store,
    Violation,
    World,
)

_ASK, _OPEN = -1, -2


class Records(Ghost):
    """Successors and promises of one scenario. Transitions are remembered by number."""

    # The beginning: the first controller serves, with every voter's lease of tick 0.

    def start(self) -> World:
        names, epoch = self.scenario.voters, self.scenario.epochs[0]
        at = Position(epoch, 1)
        voters = tuple(Voter(name, 1) for name in self.scenario.voting)
        members = tuple(Member(voter.id, "b", at) for voter in voters)
        record = Record("v", "l", at, voters, members)
        if self.scenario.absent:
            record = changes.remove(record, self.scenario.absent, at)
        if self.scenario.interrupted:
            return self._interrupted(record)
        held = tuple(sorted(Held(voter, DURATION) for voter in voters))
        first = Controller(
            epoch,
            term=Term(epoch, record, serving=True),
            leases=LeaseBook(DURATION, 0, held),
            opened=frozenset(voters),
        )
        others = [Controller(epoch) for epoch in self.scenario.epochs[1:]]
        lease = Lease(epoch, DURATION)
        stored = [Ballot(name, 1, epoch, 1, lease, record) for name in names]
        return World(
            now=0,
            voters=tuple(map(self.ballots.number, stored)),
            controllers=tuple(map(self.controllers.number, [first, *others])),
            sent=0,
            stale=self._mask(self.scenario.absent),
            lost=0,
        )

    def _interrupted(self, record: Record) -> World:
        at = record.position._replace(seq=record.position.seq + 1)
        removed = changes.remove(record, self.scenario.voters[-1:], at)
        records = [removed] + [record] * (len(record.voters) - 1)
        stored = [
            Ballot(voter.id, 1, at.epoch, 1, record=held)
            for voter, held in zip(record.voters, records, strict=True)
        ]
        candidates = [Controller(epoch) for epoch in self.epochs]
        return World(
            now=0,
            voters=tuple(map(self.ballots.number, stored)),
            controllers=tuple(map(self.controllers.number, candidates)),
            sent=0,
            stale=0,
            lost=0,
        )

    # What may happen next.

    def successors(self, world: World) -> Iterator[tuple[str, World]]:
        if world.now < self.scenario.ticks:
            yield "tick", self._tick(world)
        yield from self._losses(world)
        for index, number in enumerate(world.controllers):
            yield from self._writes(world, index, number)
            for act in self._acts(world, number, index):
                sent = world.sent
                for message in act.messages:
                    if sent & self.conflicts[message]:
                        raise Violation("two different records under one position")
                    sent |= 1 << message
                if act.controller != number or sent != world.sent:
                    stale = world.stale
                    if act.resynced:
                        if not self._copies(world, number, act.resynced):
                            continue
                        stale &= ~act.resynced
                    controllers = _put(world.controllers, index, act.controller)
                    yield (
                        f"controller {index} acts",
                        world._replace(controllers=controllers, sent=sent, stale=stale),
                    )
        yield from self._deliveries(world)

    def _tick(self, world: World) -> World:
        """Time passes, and leases that ran out are forgotten: no rule looks at them any more."""
        now = world.now + 1
        voters = []
        for number in world.voters:
            held: Ballot = self.ballots.items[number]
            if held.lease.end and held.lease.end <= now:
                held = structs.replace(held, lease=Lease(NOBODY, 0))
            voters.append(self.ballots.number(held))
        controllers = world.controllers
        if self.scenario.forgets:
            controllers = tuple(self._forget(number, now) for number in controllers)
        return world._replace(now=now, voters=tuple(voters), controllers=controllers)

    def _forget(self, number: int, now: int) -> int:
        controller: Controller = self.controllers.items[number]
        kept = tuple(held for held in controller.leases.held if held.end > now)
        leases = controller.leases._replace(held=kept)
        return self.controllers.number(controller._replace(leases=leases))

    def _losses(self, world: World) -> Iterator[tuple[str, World]]:
        for place, number in enumerate(world.voters):
            held: Ballot = self.ballots.items[number]
            if world.lost < self.scenario.losses and held.record is not None:
                blank = self.ballots.number(Ballot(held.voter, held.incarnation + 1))
                yield (
                    f"{held.voter} loses its state",
                    world._replace(
                        voters=_put(world.voters, place, blank),
                        stale=world.stale | 1 << place,
                        lost=world.lost + 1,
                    ),
                )
            if self.scenario.restarts:
                again = ballots.restarted(held, now=world.now, duration=DURATION)
                if again != held:
                    yield (
                        f"{held.voter} restarts",
                        world._replace(voters=_put(world.voters, place, self.ballots.number(again))),
                    )

    def _deliveries(self, world: World) -> Iterator[tuple[str, World]]:
        for index in range(len(world.controllers)):
            for place, number in enumerate(world.voters):
                yield from self._deliver(world, _ASK, index, place, number)
                yield from self._deliver(world, _OPEN, index, place, number)
        mask, message = world.sent, 0
        while mask:
            if mask & 1:
                index = self.messages.items[message].controller
                for place, number in enumerate(world.voters):
                    yield from self._deliver(world, message, index, place, number)
            mask >>= 1
            message += 1

    def _deliver(
        self, world: World, message: int, index: int, place: int, number: int
    ) -> Iterator[tuple[str, World]]:
        before = world.controllers[index]
        key = (message, index, before if message < 0 else 0, number, world.now)
        found = self.delivered.get(key)
        if found is None:
            found = self.delivered[key] = self._answer(message, index, before, number, world.now)
        after, answer = found
        if answer is None:
            return
        if index == 1 and place == 1 and self.alike and self._promise(world.voters[0]) < self.second:
            return
        voters = world.voters
        if after != number:
            voters = _put(voters, place, after)
            yield "delivered, answer lost", world._replace(voters=voters)
        learnt_key = (message, before, answer, world.now)
        learnt = self.learned.get(learnt_key)
        if learnt is None:
            learnt = self.learned[learnt_key] = self._learn(message, before, answer, world.now)
        if learnt != before or after != number:
            controllers = _put(world.controllers, index, learnt)
            yield "delivered", world._replace(voters=voters, controllers=controllers)

    def _promise(self, number: int) -> Epoch:
        held: Ballot = self.ballots.items[number]
        return held.promise

    def _answer(self, message: int, index: int, before: int, number: int, now: int) -> tuple[int, Any]:
        held: Ballot = self.ballots.items[number]
        epoch = self.epochs[index]
        after: Ballot
        term = self.controllers.items[before].term
        if message == _ASK:
            if term is not None and not term.serving:
                return number, None
            after, answer = ballots.grant(held, epoch=epoch, now=now, duration=DURATION)
        elif message == _OPEN:
            if term is None or not (self.scenario.opens_apart or _unwritten(term)):
                return number, None
            after, answer = self._open(held, epoch)
        else:
            request: Store = self.messages.items[message]
            if held.voter in request.waiting:
                return number, None
            after, answer = ballots.store(held, request.record)
            if isinstance(answer, Stored) and not self.scenario.opens_apart:
                after, _ = self._open(after, epoch)
        good = isinstance(answer, Granted | Stored | Opened)
        return self.ballots.number(after), answer if good else None

    def _open(self, held: Ballot, epoch: Epoch) -> tuple[Ballot, Any]:
        if (held.promise, held.session) == (epoch, 1):
            return held, Opened(held.voter, held.incarnation, 1)
        return ballots.open_session(held, epoch=epoch, number=1)

    def _learn(self, message: int, number: int, answer: Any, now: int) -> int:
        controller: Controller = self.controllers.items[number]
        voter = Voter(answer.voter, answer.incarnation)
        if message == _ASK:
            if controller.term is None:
                controller = controller._replace(grants=controller.grants | {answer})
            controller = controller._replace(leases=controller.leases.granted(voter, asked=now))
        elif message == _OPEN:
            controller = controller._replace(opened=controller.opened | {voter})
        elif controller.term is None:
            return number
        else:
            request: Store = self.messages.items[message]
            term = terms.stored(controller.term, request.record.position, voter)
            controller = controller._replace(term=term)
            if not self.scenario.opens_apart:
                controller = controller._replace(opened=controller.opened | {voter})
        return self.controllers.number(controller)

    # What a controller may do by itself.

    def _acts(self, world: World, number: int, index: int) -> list[Act]:
        blank = 0
        if world.lost:
            for place, voter in enumerate(world.voters):
                if self.ballots.items[voter].record is None:
                    blank |= 1 << place
        key = (number, index, world.now, blank)
        found = self.acted.get(key)
        if found is None:
            controller = self.controllers.items[number]
            found = self.acted[key] = list(self._act(controller, index, world.now, blank))
        return found

    def _act(self, controller: Controller, index: int, now: int, blank: int) -> Iterator[Act]:
        term = controller.term
        if term is None:
            record = terms.adopt(tuple(controller.grants))
            if record is not None:
                yield self._office(controller, index, terms.take_office(controller.epoch, record))
            return
        yield self._office(controller, index, term)
        at = terms.next_position(term)
        if at.seq <= self.scenario.seqs[index]:
            for record, resynced in self._proposals(controller, term, at, blank):
                try:
                    after = terms.propose(term, record)
                except ValueError:
                    continue
                yield self._office(controller, index, after)._replace(resynced=resynced)

    def _message(self, message: Store) -> int:
        known = len(self.messages.items)
        number = self.messages.number(message)
        if number == known:
            self.conflicts.append(0)
            for other, earlier in enumerate(self.messages.items[:-1]):
                if _conflict(earlier.record, message.record):
                    self.conflicts[other] |= 1 << number
                    self.conflicts[number] |= 1 << other
        return number

    def _proposals(
        self, controller: Controller, term: Term, at: Position, blank: int
    ) -> Iterator[tuple[Record, int]]:
        newest, scenario = term.newest, self.scenario
        if scenario.removes and len(newest.in_sync) > 1:
            first = self.alike and controller.epoch == self.scenario.epochs[0] and not newest.absent
            for gone in {self.scenario.voters[-1]} if first else newest.member_ids:
                # The flush that comes before a removal needs a session with all others.
                if set(entries(newest, newest.member_ids - {gone})) <= controller.opened:
                    yield changes.remove(newest, (gone,), at), 0
        if scenario.promotes and term.serving:
            for absent in newest.absent:
                if set(entries(newest, {absent.id})) <= controller.opened:
                    yield changes.promote(newest, absent.id, "b", at), 1 << self.place[absent.id]
        if blank and term.serving:
            for voter in newest.voters:
                lost = blank >> self.place[voter.id] & 1 and voter.incarnation == 1
                if lost and newest.member_ids != {voter.id}:
                    yield changes.readmit(newest, voter._replace(incarnation=2), at), 0
        if scenario.votes and term.serving:
            yield from self._voter_changes(newest, at)

    def _voter_changes(self, newest: Record, at: Position) -> Iterator[tuple[Record, int]]:
        leaving = [voter.id for voter in newest.voters]
        for gone in [(name,) for name in leaving] + [(a, b) for a in leaving for b in leaving if a < b]:
            if newest.member_ids <= set(gone):
                continue
            record = newest
            inside = newest.member_ids & set(gone)
            if inside:
                record = changes.remove(record, inside, at)
            for name in gone:
                record = changes.drop_voter(record, name, at)
            yield record, 0
        for name in self.scenario.voters:
            if newest.incarnation(name) is None:
                yield changes.add_voter(newest, Voter(name, 1), at, keeps_data=True), 0

    def _office(self, controller: Controller, index: int, term: Term) -> Act:
        messages = []
        for proposal in term.sent:
            waiting = frozenset(
                voter.id for voter in proposal.record.voters if not terms.may_send(term, proposal, voter)
            )
            messages.append(self._message(Store(index, proposal.record, waiting)))
        after = controller._replace(term=term, grants=frozenset())
        return Act(self.controllers.number(after), tuple(messages))


def _put(items: tuple[int, ...], place: int, item: int) -> tuple[int, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _conflict(one: Record, other: Record) -> bool:
    return one.position == other.position and one != other


def _unwritten(term: Term) -> bool:
    """Whether a controller serves under a record of another's term: only a seeded bug does."""
    return term.serving and term.base.position.epoch != term.epoch
