"""Looking at a voter's directory without opening it: nothing is changed, locked or mended.

So it can be looked at while its process runs, on a disk that is read-only, or before anyone
decided whether it may start.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Record
from blockengine.replica.files import RealDirectory, RealFile
from blockengine.replica.identity import Header, Misplaced, Place, place_of
from blockengine.replica.slots import Damaged, Slots

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a directory says. `trouble` is why it can't be started as it is.

    What could not be read is None. `misplaced` says that it is a copy, or was moved: its header
    names another place.
    """

    path: Path
    header: Header | None
    ballot: Ballot | None
    trouble: str = ""
    misplaced: bool = False

    @property
    def record(self) -> Record | None:
        """The record it holds; None if it is blank, or can't be read."""
        return self.ballot.record if self.ballot is not None else None

    @property
    def keeps_data(self) -> bool:
        return self.header is not None and self.header.size > 0


def peek(path: Path, place: Place) -> Seen | None:
    """What is in a directory; None if it holds no replica and no witness. Raises: OSError."""
    names = set(os.listdir(path))
    named = next((name for name in ("header", "witness") if name in names), None)
    if named is None:
        return None
    header: Header | None = None
    try:
        header = _read(path / named, Header)
        ballot = _read(path / "ballot", Ballot)
        place_of(header, RealDirectory(path), place, moved=False)
        return Seen(path, header, ballot)
    except Misplaced as error:
        return Seen(path, header, ballot, str(error), misplaced=True)
    except (Damaged, FileNotFoundError, msgspec.DecodeError) as error:
        return Seen(path, header, None, f"it can't be read: {error}")


def _read(path: Path, kind: type[Value]) -> Value:
    file = RealFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    try:
        return Slots(file, path.name, kind).peek()
    finally:
        file.close()
