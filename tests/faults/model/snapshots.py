"""Snapshots in the data model: the controller's steps. What a replica does stands in `member`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from blockengine.membership import changes
from blockengine.membership import term as terms
from blockengine.membership.record import Epoch, Position, Record
from tests.faults.model import member as wire

if TYPE_CHECKING:
    from tests.faults.model.office import Controller


class Listed(NamedTuple):
    """A snapshot on the list: its id, and the record in force when it was cut."""

    id: int
    at: Position


def listed(record: Record) -> tuple[Listed, ...]:
    """The list; in the model the record's digest is the list itself."""
    words = [word.split(".") for word in record.snapshots.split()]
    return tuple(
        Listed(int(number), Position(Epoch(int(epoch), int(controller)), int(seq)))
        for number, epoch, controller, seq in words
    )


def encoded(snapshots: Iterable[Listed]) -> str:
    """The list as it stands in a record."""
    return " ".join(f"{one.id}.{'.'.join(map(str, (*one.at.epoch, one.at.seq)))}" for one in snapshots)


@asynccontextmanager
async def quiet(controller: Controller) -> AsyncIterator[None]:
    """No change is under way inside; those that come wait for their block."""
    held = []
    try:
        for lock in controller.locks:
            await lock.__aenter__()
            held.append(lock)
        yield
    finally:
        for lock in held:
            await lock.__aexit__()


async def take(controller: Controller, number: int) -> bool:
    """Cut everywhere, then list it; False if nobody can tell whether it is listed."""
    async with controller.layering:
        async with quiet(controller):
            if not await cut(controller, number):
                return False
            at = controller.issued
            controller.network.cut(number)
        return await publish(controller, (*listed(controller.office.newest), Listed(number, at)))


async def cut(controller: Controller, number: int) -> bool:
    """Every obliged replica, and every joining one, freezes what it has."""
    done: set[str] = set()
    for _ in range(12):
        targets = (controller.office.obliged | controller.joining) - done
        answers = await controller.each(wire.Cut, sorted(targets), number)
        failed = {name for name, answer in answers.items() if answer is None}
        done |= targets - failed
        controller.drop(failed)
        controller.joining -= failed
        await controller.remove(failed)
        if controller.office.obliged <= done and not controller.office.sent:
            return True
        await controller.push()
    return False


async def publish(controller: Controller, snapshots: Iterable[Listed]) -> bool:
    """A record with this list; whether it is in force."""
    async with controller.changing:
        if controller.office.sent:
            return False
        at = terms.next_position(controller.office)
        record = changes.list_snapshots(controller.office.newest, encoded(snapshots), at)
        controller.term = terms.propose(controller.office, record)
        await controller.push()
    if controller.office.sent:
        await controller.remove(await controller.deaf())
    return not controller.office.sent


async def delete(controller: Controller) -> None:
    """Give the oldest snapshot up; members merge it away once that is in force."""
    async with controller.layering:
        if await publish(controller, listed(controller.office.newest)[1:]):
            await retain(controller)


async def retain(controller: Controller) -> None:
    """Members forget what the list in force does not name."""
    ids = frozenset(one.id for one in listed(controller.office.base))
    await controller.each(wire.Retain, sorted(controller.office.base.member_ids), ids)


# Restores.

_RESTORING = "restoring "


def restoring(record: Record) -> int:
    """The id of the snapshot that the volume is being taken back to; 0 for none."""
    words = record.state.removeprefix(_RESTORING)
    return int(words) if words != record.state else 0


async def restore(controller: Controller, number: int) -> bool:
    """Take the volume back to a snapshot; who dies meanwhile leaves it to the next controller."""
    async with controller.layering:
        if number not in {one.id for one in listed(controller.office.base)}:
            return False
        await withhold(controller)
        if not await say(controller, f"{_RESTORING}{number}"):
            controller.give_up()
        await finish_restore(controller)
        controller.withheld = False
        return True


async def withhold(controller: Controller) -> None:
    """Nobody is served from now on, and nothing of a client's is under way."""
    controller.withheld = True
    while controller.clients:
        await controller.schedule.pause(2)


async def resume_restore(controller: Controller) -> None:
    """Before anybody is served: end what an earlier controller began."""
    if restoring(controller.office.base):
        await finish_restore(controller)


async def finish_restore(controller: Controller) -> None:
    """Copy what the snapshot has to all members, flush, and only then say so."""
    number = restoring(controller.office.base)
    controller.network.restoring(controller, number)
    for block in range(wire.BLOCKS):
        found = None
        for source in sorted(controller.office.readable):
            found = found or (await controller.each(wire.ReadCut, [source], number, block))[source]
        if found is None or not await controller.put(block, found[0]):
            controller.give_up()
    if not await restored_safely(controller):
        controller.give_up()
    # From here on it is whole, whether or not somebody learns it: else it is taken back once more.
    controller.network.restored()
    if not await say(controller, "serving"):
        controller.give_up()


async def restored_safely(controller: Controller) -> bool:
    """What was copied survives power losses."""
    return all((await controller.each(wire.Flush, sorted(controller.office.obliged))).values())


async def say(controller: Controller, state: str) -> bool:
    """A record with this state; whether it is in force."""
    async with controller.changing:
        if controller.office.sent:
            return False
        at = terms.next_position(controller.office)
        record = replace(controller.office.newest, position=at, state=state)
        controller.term = terms.propose(controller.office, record)
        await controller.push()
    if controller.office.sent:
        await controller.remove(await controller.deaf())
    return not controller.office.sent


async def align(controller: Controller, target: str) -> bool:
    """The target has a layer for every snapshot, to be filled."""
    ids = tuple(one.id for one in listed(controller.office.base))
    return bool((await controller.each(wire.Align, [target], ids))[target])


def untrusted(controller: Controller, target: str) -> tuple[Listed, ...]:
    """The snapshots that were cut while the target was not in sync."""
    absence = controller.office.base.absence(target)
    found = listed(controller.office.base)
    if absence is None or absence.since is None:
        return found
    return tuple(one for one in found if one.at >= absence.out)


async def fill(controller: Controller, target: str, block: int) -> bool:
    """Copy a block of each of them to the target; whether that went well."""
    for one in untrusted(controller, target):
        source = min(controller.office.readable)
        found = (await controller.each(wire.ReadCut, [source], one.id, block))[source]
        if found is None:
            return False
        if not (await controller.each(wire.Fill, [target], one.id, block, found[0]))[target]:
            return False
    return True
