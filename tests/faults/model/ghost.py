"""What the records model knows that nobody in it does: who misses an acknowledged write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from blockengine.membership import ballot as ballots
from blockengine.membership import term as terms
from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Epoch, Position, Record, Voter
from tests.faults.model.world import Act, Controller, Interned, Scenario, Service, Violation, World


class Ghost:
    """The tables of one exploration, and the promises checked in every state."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.ballots = Interned()
        self.controllers = Interned()
        self.messages = Interned()
        self.delivered: dict[tuple[int, int, int, int, int], tuple[int, Any]] = {}
        self.conflicts: list[int] = []
        self.acted: dict[tuple[int, int, int, int], list[Act]] = {}
        self.learned: dict[tuple[int, int, Any, int], int] = {}
        self.serving: dict[tuple[int, int], Service | None] = {}
        self.ready: dict[tuple[int, int, Epoch, Position], bool] = {}
        self.reached: dict[str, int] = {}
        self.epochs = scenario.epochs[1:] if scenario.interrupted else scenario.epochs
        self.alike = (
            not scenario.interrupted
            and not scenario.absent
            and scenario.voters == scenario.voting
            and not scenario.losses
        )
        self.second = max(scenario.epochs[:2])
        self.place = {name: index for index, name in enumerate(scenario.voters)}

    def _mask(self, names: Iterable[str]) -> int:
        return sum(1 << self.place[name] for name in names if name in self.place)

    # Bytes, as a ghost: which replicas miss an acknowledged write.

    def _service(self, number: int, now: int) -> Service | None:
        key = (number, now)
        if key not in self.serving:
            controller: Controller = self.controllers.items[number]
            term = controller.term
            serves = term is not None and now < terms.serves_until(term, controller.leases)
            self.serving[key] = None
            if (
                term is not None
                and serves
                and set(entries(term.base, term.base.member_ids)) <= controller.opened
            ):
                self.serving[key] = Service(
                    obliged=entries(term.base, term.obliged),
                    readers=entries(term.base, term.readable),
                    position=term.base.position,
                    epoch=controller.epoch,
                )
        return self.serving[key]

    def _accepts(self, world: World, voter: Voter, epoch: Epoch, position: Position) -> bool:
        """Whether a replica takes a request of this term, issued under this record."""
        number = world.voters[self.place[voter.id]]
        key = (number, voter.incarnation, epoch, position)
        found = self.ready.get(key)
        if found is None:
            held: Ballot = self.ballots.items[number]
            mine = held.incarnation == voter.incarnation
            found = self.ready[key] = mine and ballots.accepts(held, epoch=epoch, session=1, issued=position)
        return found

    def _writes(self, world: World, index: int, number: int) -> Iterator[tuple[str, World]]:
        service = self._service(number, world.now)
        if service is None:
            return
        obliged, _, position, epoch = service
        if not all(self._accepts(world, voter, epoch, position) for voter in obliged):
            return
        everyone = (1 << len(world.voters)) - 1
        reached = self._mask(voter.id for voter in obliged)
        stale = world.stale | (everyone & ~reached)
        self._count(f"controller {index} wrote")
        if stale != world.stale:
            yield f"controller {index} acknowledges a write", world._replace(stale=stale)

    def _copies(self, world: World, number: int, target: int) -> bool:
        """Whether a resync can have ended: source and target took this term's requests."""
        controller: Controller = self.controllers.items[number]
        assert controller.term is not None
        epoch, base = controller.epoch, controller.term.base
        readers = entries(base, controller.term.readable)
        sources = [voter for voter in readers if self._accepts(world, voter, epoch, base.position)]
        if not sources or any(world.stale >> self.place[voter.id] & 1 for voter in sources):
            return False
        name = self.scenario.voters[target.bit_length() - 1]
        if not all(self._accepts(world, voter, epoch, base.position) for voter in entries(base, {name})):
            return False
        self._count("a resync finished")
        return True

    def _count(self, what: str) -> None:
        self.reached[what] = self.reached.get(what, 0) + 1

    # The promises.

    def check(self, world: World) -> None:
        serving = 0
        for index, number in enumerate(world.controllers):
            service = self._service(number, world.now)
            if service is None:
                continue
            serving += 1
            if index:
                self._count(f"controller {index} served after a take-over")
            _, readers, position, epoch = service
            for voter in readers:
                stale = world.stale >> self.place[voter.id] & 1
                if stale and self._accepts(world, voter, epoch, position):
                    raise Violation(
                        f"controller {index} reads {voter.id}, which misses an acknowledged write"
                    )
        if serving > 1:
            raise Violation("two controllers serve at once")


def entries(record: Record, names: Iterable[str]) -> tuple[Voter, ...]:
    """Replicas as the voters they are; one that the record doesn't know is left out."""
    return tuple(voter for voter in record.voters if voter.id in set(names))
