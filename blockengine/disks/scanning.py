"""Finding replicas and witnesses below folders. Nothing is changed, nothing needs to be stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from blockengine.membership.ballot import Ballot
from blockengine.membership.catalog import Catalog
from blockengine.membership.record import Override
from blockengine.replica.files import RealDirectory
from blockengine.replica.identity import Header, Place
from blockengine.replica.lists import Lists
from blockengine.replica.peek import Seen, peek, value
from blockengine.replica.slots import Damaged


class Found(Struct, frozen=True):
    """One directory that holds a replica or (not `keeps_data`) a witness.

    `header` and `ballot` are None if they are damaged; `trouble` then says how. `at_home` says whether the
    directory is where its header says, `served` whether a process has it open.
    """

    path: str
    keeps_data: bool
    header: Header | None
    ballot: Ballot | None
    catalog: Catalog | None
    overrides: tuple[Override, ...]
    at_home: bool
    served: bool
    trouble: str = ""


def scan(folders: Sequence[Path], place: Place) -> Iterator[Found]:
    """Everything below these folders, in the order of its path; links are not followed.

    Raises: FileNotFoundError for a folder that is not there.
    """
    seen: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is no folder")
        for where, below, names in os.walk(folder):
            below.sort()
            path = Path(where).resolve()
            if not {"header", "witness"} & set(names) or "ballot" not in names:
                continue
            # A replica has no folders of its own.
            below.clear()
            if path not in seen:
                seen.add(path)
                yield _looked_at(path, place)


def _looked_at(path: Path, place: Place) -> Found:
    directory = RealDirectory(path, read_only=True)
    troubles: list[str] = []
    overrides: tuple[Override, ...] = ()
    catalog: Catalog | None = None
    seen: Seen | None = None
    try:
        seen = peek(path, place)
        if seen is not None and seen.damage:
            troubles.append(seen.damage)
        if "overrides" in directory.names():
            overrides = value(directory, "overrides", tuple[Override, ...], troubles) or ()
        if seen is not None and seen.keeps_data:
            catalog = _catalog(directory, seen.ballot, troubles)
    except OSError as error:
        troubles.append(str(error))
    return Found(
        str(path),
        "header" in directory.names(),
        seen.header if seen is not None else None,
        seen.ballot if seen is not None else None,
        catalog,
        overrides,
        seen is not None and seen.header is not None and not seen.misplaced,
        _is_served(directory),
        "; ".join(troubles),
    )


def _catalog(directory: RealDirectory, ballot: Ballot | None, troubles: list[str]) -> Catalog | None:
    if ballot is None or ballot.record is None:
        return None
    if ballot.record.member(ballot.voter) is None:
        # Lists are given to members in sync only.
        return None
    try:
        return Lists(directory).catalog(ballot.record.snapshots)
    except (Damaged, OSError) as error:
        troubles.append(str(error))
        return None


def _is_served(directory: RealDirectory) -> bool:
    try:
        directory.lock()
    except BlockingIOError:
        return True
    except OSError:
        return False
    directory.unlock()
    return False
