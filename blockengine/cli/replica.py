"""`replica create`, `show`, `scrub`, `mend` and `serve`: one replica or witness in one directory."""

from __future__ import annotations

import argparse
import re
import secrets
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from blockengine.cli import serve
from blockengine.cli.lock import locked
from blockengine.cli.place import here
from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.replica.creating import create_replica
from blockengine.replica.files import RealDirectory
from blockengine.replica.identity import LEASE, REGION, check_fits, check_geometry
from blockengine.replica.layer import BLOCK
from blockengine.replica.mending import scrub
from blockengine.replica.regionlog import ID
from blockengine.replica.replica import Replica
from blockengine.replica.trust import mend
from blockengine.replica.witness import Witness

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size(text: str) -> int:
    """Bytes, or a number with K, M, G or T (powers of 1024)."""
    matched = re.fullmatch(r"([0-9]{1,18})([KMGT]?)(?:iB|B)?", text)
    if matched is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 1073741824, 1024M or 1G")
    return int(matched[1]) * _UNITS[matched[2]]


def add(commands: Any) -> None:
    """Add `replica` to the command line."""
    parser = commands.add_parser("replica", help="make, serve, show, scrub or mend a replica")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make an empty replica, alone or blank for `volume create`")
    kind = create.add_mutually_exclusive_group(required=True)
    kind.add_argument("--size", type=size, help="1G, 512M or bytes")
    kind.add_argument("--witness", action="store_true", help="a voter without data; needs --of")
    create.add_argument("--of", default="", metavar="VOLUME", help="blank, one of several of this volume")
    create.add_argument("--name", default="", help="the replica's id; drawn if not given")
    create.add_argument("--overcommit", action="store_true", help="allow more than the file system has")
    create.add_argument("--block-size", type=int, default=BLOCK, help="512 or 4096")
    create.add_argument("--region", type=size, default=REGION, help="the unit of resync; 4M")
    create.add_argument("--lease", type=int, default=LEASE, help="milliseconds; the same on all voters")
    serve.add(actions)
    show = actions.add_parser("show", help="what the replica is and what it promised")
    scrub = actions.add_parser("scrub", help="read and verify every block")
    mended = actions.add_parser(
        "mend", help="say that the disk of one that failed for good is sound; unflushed writes may be lost"
    )
    for action, run in ((create, _create), (show, _show), (scrub, _scrub), (mended, _mend)):
        action.add_argument("directory", type=Path)
        action.set_defaults(run=run)
    for action in (show, scrub):
        action.add_argument("--moved", action="store_true", help="the original of this directory is gone")


def _create(chosen: argparse.Namespace) -> int:
    if chosen.witness and not chosen.of:
        raise ValueError("a witness votes with others: say --of which volume")
    name = chosen.name or f"{'w' if chosen.witness else 'r'}-{secrets.token_hex(4)}"
    if not ID.fullmatch(name) or (chosen.of and not ID.fullmatch(chosen.of)):
        raise ValueError("an id is made of a-z, 0-9 and -, begins with a letter or digit, and has at most 63")
    if not chosen.witness:
        check_geometry(chosen.size, chosen.block_size, chosen.region, chosen.lease)
    chosen.directory.mkdir(parents=True, exist_ok=True)
    with locked(chosen.directory) as directory:
        if chosen.witness:
            blank = Ballot(name, secrets.randbits(63))
            Witness.create(directory, blank, volume=chosen.of, place=here(), lease=chosen.lease).close()
        else:
            if not chosen.overcommit:
                check_fits(directory, chosen.size)
            _create_replica(chosen, directory, name)
    return 0


def _create_replica(chosen: argparse.Namespace, directory: RealDirectory, name: str) -> None:
    place, volume = here(), chosen.of or secrets.token_hex(8)
    ballot = Ballot(name, secrets.randbits(63))
    if not chosen.of:
        at = Position(Epoch(1, secrets.randbits(63)), 1)
        voters, members = (Voter(name, ballot.incarnation),), (Member(name, place.boot, at),)
        record = Record(volume, secrets.token_hex(8), at, voters, members, size=chosen.size)
        ballot = replace(ballot, promise=at.epoch, record=record)
    create_replica(
        directory,
        ballot,
        volume=volume,
        size=chosen.size,
        place=place,
        block_size=chosen.block_size,
        region=chosen.region,
        lease=chosen.lease,
    ).close()
    print(f"replica {name} of volume {volume}: {chosen.size} bytes in {chosen.directory}")


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
    listed = replica.lists.catalog(ballot.record.snapshots if ballot.record is not None else "")
    print(f"snapshots  {', '.join(snapshot.name for snapshot in listed.snapshots) or 'none'}")
    print(f"unclean    {len(replica.intent.marked)} of {replica.regions} regions")
    if replica.failure:
        print(f"failed     {replica.failure}")


def _mend(chosen: argparse.Namespace) -> int:
    with locked(chosen.directory) as directory:
        mend(directory)
    print("mended; it counts as one whose machine lost power")
    return 0


def _views(replica: Replica) -> list[int]:
    """The snapshots that the volume has by this replica's record; what else its layers have is old."""
    record = replica.ballot.record
    listed = replica.lists.catalog(record.snapshots).ids if record is not None else ()
    return [snapshot for snapshot in replica.layers.snapshots if snapshot in listed]


def _scrub(chosen: argparse.Namespace) -> int:
    with locked(chosen.directory) as directory:
        replica = Replica.open(directory, here(), moved=chosen.moved)
        bad = [block for _, wrong in scrub(replica, _views(replica)) for block in wrong]
        unclean = len(replica.intent.marked)
        replica.close()
    for block in bad:
        print(f"block {block} (byte {block * BLOCK}) does not match its checksum")
    note = f"; {unclean} regions were not closed cleanly and may be torn" if unclean else ""
    print(f"{len(bad)} bad blocks{note}")
    return 1 if bad else 0
