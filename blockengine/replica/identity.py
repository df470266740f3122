"""What a replica is: its header, and the chain of its layers."""

from __future__ import annotations

from msgspec import Struct

from blockengine.replica.layer import BLOCK

REGION = 4 * 1024 * 1024
MAX_SIZE = 1 << 50


class Header(Struct, frozen=True):
    """Who this replica is and where it belongs. Sizes are bytes.

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


class Chain(Struct, frozen=True):
    """The layers, oldest first; `snapshots` names the point each of them but the last froze at."""

    layers: tuple[str, ...]
    snapshots: tuple[str, ...]
    next_number: int


def check_geometry(size: int, block_size: int, region: int) -> None:
    """Refuse a volume that can't be.

    Raises: ValueError.
    """
    if not 0 < size <= MAX_SIZE or size % BLOCK:
        raise ValueError(f"a volume's size is a positive multiple of {BLOCK} bytes up to 1 PiB, not {size}")
    if block_size not in (512, BLOCK):
        raise ValueError(f"a volume's block size is 512 or {BLOCK} bytes, not {block_size}")
    if region <= 0 or region % BLOCK:
        raise ValueError(f"a region must be a positive multiple of {BLOCK} bytes, not {region}")
