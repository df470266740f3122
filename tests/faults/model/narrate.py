"""Traces of the records model in words, for a person."""

from __future__ import annotations

from blockengine.membership.ballot import Ballot
from tests.faults.model.records import Records
from tests.faults.model.world import Controller, World


def describe(model: Records, before: World, after: World) -> str:
    """What changed between two states, for a person reading a trace."""
    said = [f"now {after.now}"] if after.now != before.now else []
    for name, old, new in zip(model.scenario.voters, before.voters, after.voters, strict=True):
        if old != new:
            held: Ballot = model.ballots.items[new]
            record = held.record and (held.record.position.epoch.number, held.record.position.seq)
            said.append(
                f"{name} promises {tuple(held.promise)}, "
                f"lease {tuple(held.lease.epoch)} until {held.lease.end}, "
                f"session {held.session}, record {record}"
            )
    for index, (old, new) in enumerate(zip(before.controllers, after.controllers, strict=True)):
        if old != new:
            controller: Controller = model.controllers.items[new]
            said.append(f"controller {index} knows " + _known(controller))
    if after.stale != before.stale:
        missing = [name for name, place in model.place.items() if after.stale >> place & 1]
        said.append(f"missing acknowledged writes: {', '.join(missing) or 'nobody'}")
    return "; ".join(said) or "a message was sent"


def _known(controller: Controller) -> str:
    leases = ", ".join(f"{held.voter.id} until {held.end}" for held in controller.leases.held)
    if controller.term is None:
        return f"{len(controller.grants)} grants; leases {leases}"
    term = controller.term
    sent = ", ".join(
        f"{p.record.position.seq} (in sync {'+'.join(sorted(p.record.member_ids))}; stored by "
        f"{'+'.join(sorted(v.id for v in p.stored)) or 'nobody'})"
        for p in term.sent
    )
    base = term.base.position
    return (
        f"base {base.epoch.number}.{base.seq} (in sync {'+'.join(sorted(term.base.member_ids))}), "
        f"serving {term.serving}, sent {sent or 'nothing'}; leases {leases}"
    )
