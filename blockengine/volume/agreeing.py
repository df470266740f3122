"""Bringing a record into force that needs something of every member first."""

from __future__ import annotations

from collections.abc import Callable, Collection

from blockengine.membership import term as terms
from blockengine.membership.record import Position, Record
from blockengine.protocol.messages import Control
from blockengine.volume.founding import Impossible
from blockengine.volume.office import Office

Change = Callable[[Record, Position], Record]


async def on_all(office: Office, message: Control, done: Collection[str] = ()) -> dict[str, str]:
    """Have every obliged and every joining replica do something; per replica why not, or nothing.

    A joining one that declines is lost: it can try again.
    """
    names = sorted(((office.obliged | office.joining) & office.sessions.keys()) - set(done))
    whys = await office.each(names, lambda name: office.order(name, message))
    for name in names:
        if whys[name] and name not in office.obliged:
            office.lose(name, f"it declined: {whys[name]}")
    return {name: why for name, why in whys.items() if name in office.sessions}


async def agree(office: Office, message: Control | None, change: Change, *, eject: bool = False) -> None:
    """Have all of them do something, then a record in force; returns when it is.

    With `eject` members that decline leave, unless all of them do.

    Raises: Impossible if a member declines: nothing was proposed, and what the others did is of no
    consequence. Fenced.
    """
    while not await _proposed(office, message, change, eject=eject):
        pass
    await office.until(lambda: office.steady)


async def _proposed(office: Office, message: Control | None, change: Change, *, eject: bool) -> bool:
    """One attempt; False if a member was lost meanwhile, and its removal comes first."""
    await office.until(lambda: office.steady)
    async with office.changing:
        if not office.steady:
            return False
        whys = await on_all(office, message) if message is not None else {}
        if not office.steady:
            return False
        gone = {name: why for name, why in sorted(whys.items()) if why}
        if gone and eject and not office.obliged <= gone.keys():
            for name, why in gone.items():
                office.lose(name, f"it declined: {why}")
            return False
        declined = [f"{name}: {why}" for name, why in gone.items()]
        if declined:
            raise Impossible(
                f"the volume stays as it is, for not every replica can do it ({'; '.join(declined)})"
            )
        office.propose(change(office.term.newest, terms.next_position(office.term)))
        held = frozenset(office.sessions)
        await office.until(lambda: not office.term.sent or not held <= office.sessions.keys())
        return True
