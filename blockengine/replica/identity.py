"""What a replica is: its header, and the chain of its layers."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from blockengine.replica.files import Directory
from blockengine.replica.layer import BLOCK

REGION = 4 * 1024 * 1024
LEASE = 5000
MAX_SIZE = 1 << 50
MAX_REGION = 32 * 1024 * 1024
MIN_LEASE, MAX_LEASE = 200, 60_000


class Misplaced(Exception):
    """The directory is not where its header says: a copy, or a disk in another machine."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process runs: a stable machine id, and the id of the machine's current boot."""

    machine: str
    boot: str


class Header(Struct, frozen=True):
    """Who this replica is and where it belongs. Sizes are bytes, `lease` is milliseconds.

    `machine`, `device` and `inode` name the place: a copied directory, or a disk moved to
    another machine, does not start by itself, for its original may be running.
    """

    volume: str
    replica: str
    size: int
    block_size: int
    region: int
    machine: str
    device: int
    inode: int
    lease: int = LEASE


class Merge(Struct, frozen=True):
    """How far the merge of one layer into the one below it has come: blocks before `block` are done."""

    lower: str
    upper: str
    block: int


class Chain(Struct, frozen=True):
    """The layers, oldest first; `snapshots` has the ids of the cuts at which all but the last froze."""

    layers: tuple[str, ...]
    snapshots: tuple[int, ...]
    next_number: int
    merging: Merge | None = None


def check_geometry(size: int, block_size: int, region: int, lease: int = LEASE) -> None:
    """Refuse a volume that can't be.

    Raises: ValueError.
    """
    if not 0 < size <= MAX_SIZE or size % BLOCK:
        raise ValueError(f"a volume's size is a positive multiple of {BLOCK} bytes up to 1 PiB, not {size}")
    if block_size not in (512, BLOCK):
        raise ValueError(f"a volume's block size is 512 or {BLOCK} bytes, not {block_size}")
    if not 0 < region <= MAX_REGION or region % BLOCK:
        raise ValueError(f"a region is a positive multiple of {BLOCK} bytes up to 32 MiB, not {region}")
    if not MIN_LEASE <= lease <= MAX_LEASE:
        raise ValueError(f"a lease lasts {MIN_LEASE} to {MAX_LEASE} ms, not {lease}")


def check_fits(directory: Directory, size: int) -> None:
    """Refuse a volume that its whole file system could not hold: that is nearly always a slip.

    Bytes take space only once they are written, so that several volumes may promise more than
    there is; who means to, says so.

    Raises: ValueError.
    """
    capacity = directory.capacity()
    if size > capacity:
        raise ValueError(
            f"{size} bytes are more than the {capacity} that the replica's file system has in all; "
            "say that it may be overcommitted if you mean it"
        )


def place_of(header: Header, directory: Directory, place: Place, *, moved: bool) -> Header:
    """The header, if it belongs where it was found; with `moved`, one that does from now on.

    `moved` says that the operator knows that no other copy of it runs.

    Raises: Misplaced.
    """
    here = (place.machine, *directory.place())
    there = (header.machine, header.device, header.inode)
    if here == there:
        return header
    if not moved:
        raise Misplaced(
            f"{header.replica} of volume {header.volume} was made on machine {there[0]} "
            f"(device {there[1]}, inode {there[2]}), not here. If this is a copy, remove it; if it "
            "was moved and its original is gone, open it as moved."
        )
    machine, device, inode = here
    return replace(header, machine=machine, device=device, inode=inode)
