"""Seeded bugs: each breaks one rule of `blockengine.membership` while it is entered.

A rule broken here is broken for whatever runs on it, the engine included.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

from msgspec.structs import replace

from blockengine.membership import ballot, changes, logs, quorum, term
from blockengine.membership.ballot import Ballot, Lease
from blockengine.membership.lease import LeaseBook
from blockengine.membership.logs import MissedLog, RegionWrites
from blockengine.membership.record import NOBODY, Epoch, Position, Record, Voter
from blockengine.membership.term import Term
from tests.faults.model import snapshots
from tests.faults.model.data import Profile
from tests.faults.model.member import Clear, Copied, Cut, Flush, Replica, Retain, Session, Write
from tests.faults.model.office import Controller

ANY_TROUBLE = Profile()


@dataclass(frozen=True)
class Seeded:
    """One bug: the rules it replaces as (owner, name, broken rule), and where it shows.

    `scenario` names one of the records model's; `profile` is the data model's trouble.
    """

    name: str
    rules: tuple[tuple[Any, str, Any], ...]
    scenario: str = ""
    profile: Profile = ANY_TROUBLE

    @contextmanager
    def planted(self) -> Iterator[None]:
        with ExitStack() as stack:
            for owner, rule, broken in self.rules:
                stack.enter_context(mock.patch.object(owner, rule, broken))
            yield


def _newest_only(held: Term) -> frozenset[str]:
    return held.newest.member_ids


def _adopted_serves(epoch: Epoch, adopted: Record) -> Term:
    return Term(epoch=epoch, base=adopted, serving=True)


def _no_lease(held: Term, leases: LeaseBook) -> int:
    return 1 << 62 if held.serving else 0


def _one_lease(book: LeaseBook, records: Iterable[Record]) -> int:
    granted = [held.voter for held in book.held]
    enough = all(quorum.majority(record.voters, granted) for record in records)
    return max(held.end for held in book.held) if enough else 0


def _below_promise(original: Callable[..., Any]) -> Callable[..., Any]:
    def grant(held: Ballot, *, epoch: Epoch, now: int, duration: int) -> Any:
        return original(
            replace(held, promise=min(held.promise, epoch)), epoch=epoch, now=now, duration=duration
        )

    return grant


def _store_below_promise(original: Callable[..., Any]) -> Callable[..., Any]:
    def store(held: Ballot, record: Record) -> Any:
        return original(replace(held, promise=min(held.promise, record.position.epoch)), record)

    return store


def _new_voters_only(old: Record, new: Record, stored: Collection[Voter]) -> bool:
    return quorum.majority(new.voters, stored)


def _nobody(old: Record, new: Record) -> frozenset[Voter]:
    return frozenset()


def _no_wait(held: Ballot, *, now: int, duration: int) -> Ballot:
    return replace(held, lease=Lease(NOBODY, 0))


def _never(held: Ballot, epoch: Epoch, now: int) -> bool:
    return False


def _by_name(old: Record, new: Record, stored: Collection[Voter]) -> bool:
    names = {voter.id for voter in stored}
    return all(len(record.voter_ids & names) * 2 > len(record.voters) for record in (old, new))


def _older_record(held: Ballot, *, epoch: Epoch, session: int, issued: Position) -> bool:
    return held.record is not None and (held.promise, held.session) == (epoch, session)


def _any_change(old: Record, new: Record) -> bool:
    return True


RECORDS = (
    Seeded("ack before record", ((Term, "obliged", property(_newest_only)),), "removal"),
    Seeded(
        "record not rewritten after take-over",
        ((term, "take_office", _adopted_serves), (ballot, "accepts", _older_record)),
        "interrupted removal",
    ),
    Seeded("read without lease", ((term, "serves_until", _no_lease),), "removal"),
    Seeded("one lease number for all voters", ((LeaseBook, "until", _one_lease),), "nothing forgotten"),
    Seeded(
        "grant below promise", ((ballot, "grant", _below_promise(ballot.grant)),), "removal by the successor"
    ),
    Seeded(
        "record below promise stored", ((ballot, "store", _store_below_promise(ballot.store)),), "removal"
    ),
    Seeded(
        "disjoint majorities",
        ((quorum, "committed", _new_voters_only), (quorum, "change_is_small", _any_change)),
        "voters",
    ),
    Seeded(
        "readmission counting the readmitted",
        ((quorum, "readmitted", _nobody), (quorum, "committed", _by_name)),
        "lost state",
    ),
    Seeded("lease ignored by voters", ((ballot, "leased_to_another", _never),), "removal"),
    Seeded("lease forgotten by a restarted voter", ((ballot, "restarted", _no_wait),), "restarts"),
    Seeded("reused controller id", (), "reused id"),
)


def _any_session(held: Ballot, *, epoch: Epoch, session: int, issued: Position) -> bool:
    return held.record is not None and held.record.position >= issued


def _no_nonce(replica: Replica, session: Session, issued: Position) -> bool:
    return ballot.accepts(replica.ballot, epoch=session.epoch, session=session.number, issued=issued)


def _all_steady(record: Record, boots: Mapping[str, str], at: Position) -> Record | None:
    gone = record.member_ids - set(boots)
    if gone == record.member_ids:
        return None
    staying = changes.remove(record, gone, at) if gone else record.at(at)
    resumed = tuple(member._replace(boot=boots[member.id]) for member in staying.in_sync)
    return replace(staying, in_sync=resumed)


async def _in_the_background(controller: Controller) -> None:
    controller.spawn(partial(_SETTLE, controller))


def _unlocked(original: Callable[..., None]) -> Callable[..., None]:
    def enter(controller: Controller, *fields: Any) -> None:
        original(controller, *fields)
        controller.locks = [nullcontext() for _ in controller.locks]  # type: ignore[misc]

    return enter


def _whatever_is_outstanding(writes: RegionWrites) -> dict[int, int]:
    return dict(writes._begun)


def _as_it_was(writes: RegionWrites, flushed: Mapping[int, int]) -> dict[int, int]:
    return dict(flushed)


def _always(received: int | None, count: int) -> bool:
    return True


def _quiet_copy(original: Callable[..., None]) -> Callable[..., None]:
    def mark(replica: Replica, region: int, request: Write) -> None:
        if not request.copied:
            original(replica, region, request)

    return mark


def _not_for_joining(original: Callable[..., None]) -> Callable[..., None]:
    def mark(replica: Replica, region: int, request: Write) -> None:
        kept = {target: set(regions) for target, regions in replica.marks.items()}
        original(replica, region, request)
        for target in request.joining:
            replica.marks[target] = kept.get(target, set())

    return mark


async def _read_before_joining(controller: Controller, target: str) -> None:
    await controller.push_to(target)
    if not await controller.open(target):
        return
    regions = await controller.missed(target)
    await controller.join(target)
    if regions is None or not await controller.copy_all(target, regions):
        controller.joining.discard(target)
        return
    await controller.promote(target)


async def _join_without_draining(controller: Controller, target: str) -> None:
    controller.joining.add(target)


async def _whatever_was_copied(controller: Controller, target: str, copied: set[int]) -> None:
    absence = controller.office.newest.absence(target)
    members = sorted(controller.office.obliged)
    if absence is None or not all((await controller.each(Flush, [*members, target])).values()):
        return
    alike = dict.fromkeys(copied, 1 << 60)
    await controller.each(Copied, members, target, absence.out, alike)
    await controller.each(Clear, [target], alike)


def _tag_is_enough(record: Record, log: MissedLog | None, *, holder: str, target: str) -> bool:
    absence = record.absence(target)
    return log is not None and absence is not None and log.tag == absence.out


@asynccontextmanager
async def _not_quiet(controller: Controller) -> AsyncIterator[None]:
    yield


async def _merged_at_once(controller: Controller) -> None:
    async with controller.layering:
        kept = snapshots.listed(controller.office.newest)[1:]
        ids = frozenset(one.id for one in kept)
        await controller.each(Retain, sorted(controller.office.base.member_ids), ids)
        # Long enough for the controller to die, as a slow majority would be.
        await controller.schedule.pause(30)
        await snapshots.publish(controller, kept)


def _all_trusted(controller: Controller, target: str) -> tuple[snapshots.Listed, ...]:
    return ()


async def _cut_where_possible(controller: Controller, number: int) -> bool:
    targets = sorted(controller.office.obliged | controller.joining)
    answers = await controller.each(Cut, targets, number)
    return any(answers.values())


def _copied_beside_cuts(original: Callable[..., None]) -> Callable[..., None]:
    def enter(controller: Controller, *fields: Any) -> None:
        original(controller, *fields)
        controller.layering = nullcontext()  # type: ignore[assignment]

    return enter


async def _served_half_way(controller: Controller) -> None:
    return


async def _not_withheld(controller: Controller) -> None:
    return


async def _safe_some_day(controller: Controller) -> bool:
    return True


def _nobody_told(controller: Controller, state: str) -> Coroutine[Any, Any, bool]:
    return _SAY(controller, state) if state == "serving" else _in_memory(controller, state)


async def _in_memory(controller: Controller, state: str) -> bool:
    controller.term = replace(controller.office, base=replace(controller.office.base, state=state))
    return True


_SAY = snapshots.say
_RESTORES = Profile(
    snapshots=0.4, restores=0.25, events=7, every=50, operations=45, troubles=("controller", "kill", "cut")
)
_DARK = Profile(snapshots=0.4, restores=0.25, events=3, operations=90, troubles=("controller",), dark=True)
_SNAPSHOTS = Profile(snapshots=0.3, events=8, operations=90, troubles=("kill", "cut", "controller", "power"))
_DELETING = Profile(snapshots=0.6, events=14, every=40, operations=90, troubles=("controller", "cut"))
_SETTLE = Controller.settle
_TROUBLED = Profile(events=12, every=50, operations=60, troubles=("kill", "cut", "controller", "power"))
_FLUSHING = Profile(events=8, every=60, operations=60, flushes=0.3, troubles=("kill", "cut", "power"))


def _script(*steps: str) -> Profile:
    return Profile(operations=90, every=40, flushes=0.3, writes=0.4, script=steps)


DATA = (
    Seeded("changes go on during a cut", ((snapshots, "quiet", _not_quiet),), profile=_SNAPSHOTS),
    Seeded(
        "merged before the list is in force", ((snapshots, "delete", _merged_at_once),), profile=_DELETING
    ),
    Seeded("snapshots cut while away trusted", ((snapshots, "untrusted", _all_trusted),), profile=_SNAPSHOTS),
    Seeded("a snapshot that a member lacks", ((snapshots, "cut", _cut_where_possible),), profile=_SNAPSHOTS),
    Seeded(
        "a region copied beside a cut",
        ((Controller, "__init__", _copied_beside_cuts(Controller.__init__)),),
        profile=_SNAPSHOTS,
    ),
    Seeded(
        "half a restore served by the next controller",
        ((snapshots, "resume_restore", _served_half_way),),
        profile=_RESTORES,
    ),
    Seeded("clients served during a restore", ((snapshots, "withhold", _not_withheld),), profile=_RESTORES),
    Seeded("restored before it is durable", ((snapshots, "restored_safely", _safe_some_day),), profile=_DARK),
    Seeded("a restore that no record tells of", ((snapshots, "say", _nobody_told),), profile=_RESTORES),
    Seeded("delayed open", ((ballot, "accepts", _any_session), (Replica, "_accepts", _no_nonce))),
    Seeded("restarted member as source", ((changes, "rebooted", _all_steady),), profile=_TROUBLED),
    Seeded(
        "settle answered before it is on all",
        ((Controller, "settle", _in_the_background),),
        profile=_script("sever B", "successor", "sever A", "successor", "sever C", "successor"),
    ),
    Seeded("two writes in flight on one block", ((Controller, "__init__", _unlocked(Controller.__init__)),)),
    Seeded(
        "clear racing a write",
        (
            (RegionWrites, "flushing", _whatever_is_outstanding),
            (RegionWrites, "clean", _as_it_was),
            (logs, "clear_applies", _always),
        ),
    ),
    Seeded(
        "copy that marks no log",
        ((Replica, "mark", _quiet_copy(Replica.mark)),),
        profile=_script("down C", "sever B", "successor", "down A", "up C"),
    ),
    Seeded(
        "promotion window",
        ((Replica, "mark", _not_for_joining(Replica.mark)),),
        profile=_script("down C", "rise C", "down C", "up C"),
    ),
    Seeded(
        "live-resync order: logs read first",
        ((Controller, "resync", _read_before_joining),),
        profile=_FLUSHING,
    ),
    Seeded(
        "live-resync order: nothing drained",
        ((Controller, "join", _join_without_draining),),
        profile=_script("down C", "up C", "down C", "up C"),
    ),
    Seeded(
        "progress noted over a write",
        ((Controller, "note", _whatever_was_copied),),
        profile=_script("down C", "rise C", "dark C", "up C", "down C", "rise C", "dark C", "up C"),
    ),
    Seeded(
        "log kept by a member that missed its own removal",
        ((logs, "covers", _tag_is_enough), (Replica, "mark", _quiet_copy(Replica.mark))),
        profile=_script("down C", "down B", "up B", "down A", "up C"),
    ),
)
