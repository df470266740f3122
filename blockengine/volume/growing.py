"""Growing a volume while it is served: members first, then the record, then the front end."""

from __future__ import annotations

from blockengine.membership import changes
from blockengine.membership import term as terms
from blockengine.protocol.messages import Grow
from blockengine.replica.identity import check_geometry
from blockengine.volume.founding import Impossible
from blockengine.volume.office import Office
from blockengine.volume.replicated import Replicated


async def grow(office: Office, device: Replicated, size: int, *, overcommit: bool = False) -> None:
    """Make the volume `size` bytes large; returns once that is in force.

    Nothing has to be taken back if a member refuses: one that grew has room that no record speaks of,
    and the same growth may be asked for again. With `overcommit` the size may exceed the whole file
    system of a replica.

    Raises: Impossible with the reason (smaller, odd, refused by a member); Fenced.
    """
    _check(device, size)
    while not await _grown(office, size, overcommit=overcommit):
        pass
    await office.until(lambda: office.steady)
    device.resize(size)
    office.tell(f"grew to {size} bytes; clients that are connected see it when they connect again")


def _check(device: Replicated, size: int) -> None:
    try:
        check_geometry(size, device.block_size, device.geometry.region_size)
    except ValueError as error:
        raise Impossible(str(error)) from None
    if size < device.size:
        raise Impossible(
            f"the volume has {device.size} bytes and can't shrink to {size}: what lies beyond would be "
            "lost. Copy it to a smaller volume instead"
        )
    if size == device.size:
        raise Impossible(f"the volume has {size} bytes already")


async def _grown(office: Office, size: int, *, overcommit: bool) -> bool:
    """One attempt; False if a member was lost meanwhile, and its removal comes first."""
    await office.until(lambda: office.steady)
    async with office.changing:
        if not office.steady:
            return False
        names = sorted((office.obliged | office.joining) & office.sessions.keys())
        refusals = await office.each(names, lambda name: office.order(name, Grow(size, overcommit)))
        for name in names:
            if refusals[name] and name not in office.obliged:
                office.lose(name, f"it can't grow: {refusals[name]}")
        if not office.steady:
            return False
        refused = [f"{name}: {refusals[name]}" for name in names if refusals[name]]
        if refused:
            raise Impossible(f"not every replica can grow; the volume stays as it is ({'; '.join(refused)})")
        if office.term.newest.size < size:
            office.propose(changes.resize(office.term.newest, size, terms.next_position(office.term)))
        held = frozenset(office.sessions)
        await office.until(lambda: not office.term.sent or not held <= office.sessions.keys())
        return True
