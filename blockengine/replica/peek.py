"""Looking at a voter's directory without opening it: nothing is changed, locked or mended.

So it can be looked at while its process runs, on a disk that is read-only, or before anyone
decided whether it may start.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Record
from blockengine.replica.files import RealDirectory
from blockengine.replica.identity import Header, Misplaced, Place, place_of
from blockengine.replica.slots import Damaged, Slots

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a directory says of a replica, or of a witness (not `keeps_data`).

    What could not be read is None; `damage` then says why. `misplaced` says in words that it is a copy, or
    was moved: its header names another place. Both are empty if it may be started.
    """

    path: Path
    keeps_data: bool
    header: Header | None
    ballot: Ballot | None
    damage: str = ""
    misplaced: str = ""

    @property
    def trouble(self) -> str:
        """Why it can't be started as it is."""
        return f"it can't be read: {self.damage}" if self.damage else self.misplaced

    @property
    def record(self) -> Record | None:
        """The record it holds; None if it is blank, or can't be read."""
        return self.ballot.record if self.ballot is not None else None


def peek(path: Path, place: Place) -> Seen | None:
    """What is in a directory; None if it holds no replica and no witness. Raises: OSError."""
    directory = RealDirectory(path, read_only=True)
    names = directory.names()
    named = next((name for name in ("header", "witness") if name in names), None)
    if named is None:
        return None
    damages: list[str] = []
    header = value(directory, named, Header, damages)
    ballot = value(directory, "ballot", Ballot, damages)
    misplaced = ""
    if header is not None:
        try:
            place_of(header, directory, place, moved=False)
        except Misplaced as error:
            misplaced = str(error)
    return Seen(path, named == "header", header, ballot, "; ".join(damages), misplaced)


def value(directory: RealDirectory, name: str, kind: type[Value], damages: list[str]) -> Value | None:
    """What a file of slots holds; None if that can't be read, and why is added to `damages`.

    Raises: OSError but for a file that is not there.
    """
    try:
        slots = Slots(directory.open(name), name, kind)
    except FileNotFoundError:
        damages.append(f"{name} is missing")
        return None
    try:
        return slots.peek()
    except Damaged as error:
        damages.append(str(error))
        return None
    finally:
        slots.close()
