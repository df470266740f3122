"""`replica create`, `show` and `scrub`: one replica in one directory."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blockengine.cli.place import here
from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.replica.files import RealDirectory
from blockengine.replica.identity import REGION, check_geometry
from blockengine.replica.layer import BLOCK
from blockengine.replica.replica import Replica


def add(commands: Any, size: Callable[[str], int]) -> None:
    """Add `replica` to the command line."""
    parser = commands.add_parser("replica", help="make, show or scrub a replica")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make an empty replica that stands alone")
    create.add_argument("--size", type=size, required=True, help="1G, 512M or bytes")
    create.add_argument("--block-size", type=int, default=BLOCK, help="512 or 4096")
    create.add_argument("--volume", default="", help="the volume's id; drawn if not given")
    show = actions.add_parser("show", help="what the replica is and what it promised")
    scrub = actions.add_parser("scrub", help="read and verify every block")
    for action, run in ((create, _create), (show, _show), (scrub, _scrub)):
        action.add_argument("directory", type=Path)
        action.set_defaults(run=run)
    for action in (show, scrub):
        action.add_argument("--moved", action="store_true", help="the original of this directory is gone")


@contextmanager
def locked(path: Path) -> Iterator[RealDirectory]:
    """A replica's directory, with every other process kept out."""
    directory = RealDirectory(path)
    directory.lock()
    try:
        yield directory
    finally:
        directory.unlock()


def _create(chosen: argparse.Namespace) -> int:
    check_geometry(chosen.size, chosen.block_size, REGION)
    place = here()
    chosen.directory.mkdir(parents=True, exist_ok=True)
    volume = chosen.volume or secrets.token_hex(8)
    name, incarnation = f"r-{secrets.token_hex(4)}", secrets.randbits(63)
    at = Position(Epoch(1, secrets.randbits(63)), 1)
    record = Record(
        volume,
        secrets.token_hex(8),
        at,
        (Voter(name, incarnation),),
        (Member(name, place.boot, at),),
        size=chosen.size,
    )
    ballot = Ballot(name, incarnation, at.epoch, record=record)
    with locked(chosen.directory) as directory:
        Replica.create(
            directory, ballot, volume=volume, size=chosen.size, place=place, block_size=chosen.block_size
        ).close()
    print(f"replica {name} of volume {volume}: {chosen.size} bytes in {chosen.directory}")
    return 0


def _show(chosen: argparse.Namespace) -> int:
    with locked(chosen.directory) as directory:
        replica = Replica.open(directory, here(), moved=chosen.moved)
        _print(replica)
        replica.close()
    return 0


def _print(replica: Replica) -> None:
    header, ballot = replica.header, replica.ballot
    print(f"volume     {header.volume}")
    print(f"replica    {header.replica}, incarnation {ballot.incarnation:x}")
    print(f"size       {header.size} bytes, blocks of {header.block_size}")
    print(f"promise    epoch {ballot.promise.number}, session {ballot.session}")
    if ballot.record is not None:
        record = ballot.record
        print(f"record     lineage {record.lineage}, {record.position.epoch.number}.{record.position.seq}")
        print(f"in sync    {', '.join(sorted(record.member_ids))}")
    print(f"snapshots  {', '.join(replica.snapshots) or 'none'}")
    print(f"unclean    {len(replica.intent.marked)} of {replica.regions} regions")


def _scrub(chosen: argparse.Namespace) -> int:
    with locked(chosen.directory) as directory:
        replica = Replica.open(directory, here(), moved=chosen.moved)
        bad = [block for _, wrong in replica.scrub() for block in wrong]
        unclean = len(replica.intent.marked)
        replica.close()
    for block in bad:
        print(f"block {block} (byte {block * BLOCK}) does not match its checksum")
    note = f"; {unclean} regions were not closed cleanly and may be torn" if unclean else ""
    print(f"{len(bad)} bad blocks{note}")
    return 1 if bad else 0
