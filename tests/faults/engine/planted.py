"""Seeded bugs put into the engine's processes: `python -m tests.faults.engine.planted BUG COMMAND…`.

Each breaks one rule in a process that is otherwise the real one. `tests/faults/model/seeded.py` has
the same bugs for the models.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from blockengine.cli.main import main
from blockengine.membership import ballot, changes, quorum, term
from blockengine.membership.ballot import Ballot
from blockengine.membership.lease import LeaseBook
from blockengine.membership.record import Epoch, Position, Record
from blockengine.membership.term import Term
from blockengine.replica import session, voting
from blockengine.replica.ledger import Ledger
from blockengine.volume import controller, ranges, restoring, snapshots
from blockengine.volume.changing import Changes
from blockengine.volume.filling import Filler, Part
from blockengine.volume.jobs import Stopped
from blockengine.volume.office import Office
from blockengine.volume.ranges import Range
from blockengine.volume.resync import Resync


def _read_without_lease() -> None:
    def always(held: Term, leases: LeaseBook) -> int:
        return 1 << 62 if held.serving else 0

    term.serves_until = always


def _one_lease() -> None:
    def newest(book: LeaseBook, records: Any) -> int:
        granted = [held.voter for held in book.held]
        enough = all(quorum.majority(record.voters, granted) for record in records)
        return max(held.end for held in book.held) if enough else 0

    LeaseBook.until = newest  # type: ignore[method-assign]


def _lease_ignored() -> None:
    def never(held: Ballot, epoch: Epoch, now: int) -> bool:
        return False

    ballot.leased_to_another = voting.leased_to_another = never


def _delayed_requests() -> None:
    def any_session(gate: session.Gate, held: Ballot, issued: bytes) -> bool:
        return gate.session is not None

    session.Gate.admits = any_session  # type: ignore[method-assign]


def _restarted_as_source() -> None:
    def all_steady(record: Record, boots: Mapping[str, str], at: Position) -> Record | None:
        as_known = {member.id: member.boot for member in record.in_sync if member.id in boots}
        return original(record, as_known, at)

    original = changes.rebooted
    changes.rebooted = all_steady


def _nothing_settled() -> None:
    async def settled(office: Office, geometry: Any) -> None:
        return

    controller.settle_all = settled


def _no_locks() -> None:
    def take(locks: ranges.BlockLocks, wanted: Range, granted: Callable[..., None], *rest: Any) -> None:
        granted(*rest)

    def give(locks: ranges.BlockLocks, taken: Range) -> None:
        return

    ranges.BlockLocks.take = take  # type: ignore[method-assign]
    ranges.BlockLocks.give = give  # type: ignore[method-assign]


def _nothing_marked() -> None:
    def intent_only(ledger: Ledger, regions: Any) -> None:
        if ledger.intent.mark(list(regions)):
            ledger.intent.sync()

    Ledger.mark = intent_only  # type: ignore[method-assign]


def _joining_left_out() -> None:
    def look_again(held: Changes) -> None:
        office = held._office
        joining, office.joining = office.joining, set()
        original(held)
        office.joining = joining

    original = Changes.look_again
    Changes.look_again = look_again  # type: ignore[method-assign]


def _logs_first() -> None:
    async def join(resync: Resync, target: str) -> None:
        read[target] = await missed(resync, target, anew=False)
        # Long enough for a client to write a lot, as a very slow network would be.
        await asyncio.sleep(1.5)
        await original(resync, target)

    async def as_read(resync: Resync, target: str, *, anew: bool) -> Any:
        return read.pop(target)

    read: dict[str, Any] = {}
    original, missed = Resync._join, Resync._missed
    Resync._join = join  # type: ignore[method-assign]
    Resync._missed = as_read  # type: ignore[method-assign]


def _nobody_flushes() -> None:
    async def flush(office: Office, names: Any) -> set[str]:
        return set(names)

    Office.flush = flush  # type: ignore[method-assign]


def _writes_during_cut() -> None:
    @asynccontextmanager
    async def not_quiet(changes: Changes) -> AsyncIterator[None]:
        yield

    async def one_by_one(office: Office, message: Any, done: Any = ()) -> dict[str, str]:
        whys = {}
        for name in sorted(((office.obliged | office.joining) & office.sessions.keys()) - set(done)):
            whys[name] = await office.order(name, message)
            # Long enough for a client to write, as a slow network would be.
            await asyncio.sleep(0.05)
        return whys

    Changes.quiet = not_quiet  # type: ignore[method-assign,assignment]
    snapshots.on_all = one_by_one


def _snapshots_not_filled() -> None:
    async def nothing(filler: Filler, offset: int, length: int) -> list[Part]:
        return []

    async def live_only(filler: Filler, offset: int, length: int) -> list[Part]:
        return [Part(None, offset, length)]

    Filler.plan_live = live_only  # type: ignore[method-assign]
    Filler.plan = nothing  # type: ignore[method-assign]


def _half_restored() -> None:
    async def served_as_it_is(held: snapshots.Snapshots) -> None:
        return

    snapshots.Snapshots.finish_restore = served_as_it_is  # type: ignore[method-assign]


def _restored_in_part() -> None:
    async def first_half(office: Office, device: Any, snapshot: Any) -> AsyncIterator[tuple[int, int]]:
        async for offset, length in original(office, device, snapshot):
            if offset < device.size // 2:
                yield offset, length

    original = restoring._differing
    restoring._differing = first_half


def _no_way_back() -> None:
    async def served_as_it_is(held: snapshots.Snapshots, undo: Any, why: str, job: Any) -> None:
        held._office.tell(f"restored snapshot {undo.name}")
        await restoring.say(held._office, restoring.SERVING)
        raise Stopped(why)

    snapshots.Snapshots._back = served_as_it_is  # type: ignore[method-assign,assignment]


BUGS: dict[str, Callable[[], None]] = {
    "read without lease": _read_without_lease,
    "one lease number for all voters": _one_lease,
    "lease ignored by voters": _lease_ignored,
    "requests of old sessions": _delayed_requests,
    "restarted member as source": _restarted_as_source,
    "settle left out": _nothing_settled,
    "no block locks": _no_locks,
    "missed logs not marked": _nothing_marked,
    "writes pass a joining replica by": _joining_left_out,
    "logs read before joining": _logs_first,
    "flush answered by nobody": _nobody_flushes,
    "changes go on during a cut": _writes_during_cut,
    "missed snapshots not filled": _snapshots_not_filled,
    "half a restore served by the next controller": _half_restored,
    "a restore that copies a part": _restored_in_part,
    "a cancelled restore that copies nothing back": _no_way_back,
}

if __name__ == "__main__":
    BUGS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
