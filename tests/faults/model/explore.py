"""Breadth-first exploration of the records model, and what it found.

A state is packed into one integer, so that a million of them fit into memory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.model.narrate import describe
from tests.faults.model.records import Records
from tests.faults.model.world import Scenario, Violation, World

_VOTER_BITS, _CONTROLLER_BITS, _SENT_BITS = 16, 20, 28


@dataclass
class Explored:
    """The outcome of one exploration. `complete` means every reachable state was seen."""

    scenario: str
    states: int = 0
    depth: int = 0
    seconds: float = 0.0
    complete: bool = False
    violation: str = ""
    trace: list[str] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=dict)


class _Packer:
    """World to integer and back; the set of messages is numbered first."""

    def __init__(self, scenario: Scenario) -> None:
        self.voters, self.controllers = len(scenario.voters), len(scenario.seqs)
        self.sent: dict[int, int] = {}
        self.sets: list[int] = []

    def pack(self, world: World) -> int:
        number = self.sent.get(world.sent)
        if number is None:
            number = self.sent[world.sent] = len(self.sets)
            self.sets.append(world.sent)
        packed = number
        for controller in world.controllers:
            packed = packed << _CONTROLLER_BITS | controller
        for voter in world.voters:
            packed = packed << _VOTER_BITS | voter
        return packed << 12 | world.stale << 6 | world.lost << 4 | world.now

    def unpack(self, packed: int) -> World:
        now, lost, stale = packed & 15, packed >> 4 & 3, packed >> 6 & 63
        packed >>= 12
        voters, controllers = [], []
        for _ in range(self.voters):
            voters.append(packed & (1 << _VOTER_BITS) - 1)
            packed >>= _VOTER_BITS
        for _ in range(self.controllers):
            controllers.append(packed & (1 << _CONTROLLER_BITS) - 1)
            packed >>= _CONTROLLER_BITS
        return World(now, tuple(voters[::-1]), tuple(controllers[::-1]), self.sets[packed], stale, lost)


def explore(scenario: Scenario, *, limit: int, trace: bool = True) -> Explored:
    """Visit every state, nearest first, until a promise breaks or `limit` states were seen."""
    model, packer, out = Records(scenario), _Packer(scenario), Explored(scenario.name)
    began = time.process_time()
    first = packer.pack(model.start())
    parents: dict[int, int | None] = {first: None}
    frontier = [first]
    state = first
    try:
        while frontier and len(parents) < limit:
            after: list[int] = []
            for state in frontier:
                world = packer.unpack(state)
                model.check(world)
                for _, successor in model.successors(world):
                    packed = packer.pack(successor)
                    if packed not in parents:
                        parents[packed] = state if trace else None
                        after.append(packed)
            frontier = after
            out.depth += 1 if frontier else 0
        out.complete = not frontier
    except Violation as violation:
        out.violation = str(violation)
        if trace:
            out.trace = _retrace(model, packer, parents, state)
    out.states, out.seconds, out.reached = len(parents), time.process_time() - began, model.reached
    return out


def _retrace(model: Records, packer: _Packer, parents: dict[int, int | None], last: int) -> list[str]:
    path = [last]
    while (before := parents[path[-1]]) is not None:
        path.append(before)
    path.reverse()
    steps = []
    for before, after in pairwise(path):
        world = packer.unpack(before)
        label = next(what for what, step in model.successors(world) if packer.pack(step) == after)
        steps.append(f"{label}: {describe(model, world, packer.unpack(after))}")
    return steps
