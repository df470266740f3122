"""Making an empty replica in an empty directory."""

from __future__ import annotations

from blockengine.membership.ballot import Ballot
from blockengine.replica.files import Directory
from blockengine.replica.identity import LEASE, REGION, Header, Place, check_geometry
from blockengine.replica.layer import BLOCK
from blockengine.replica.layers import Layers
from blockengine.replica.ledger import Ledger
from blockengine.replica.replica import Replica
from blockengine.replica.slots import Slots


def create_replica(
    directory: Directory,
    ballot: Ballot,
    *,
    volume: str,
    size: int,
    place: Place,
    block_size: int = BLOCK,
    region: int = REGION,
    lease: int = LEASE,
) -> Replica:
    """Make an empty replica; it exists once `header` does.

    Raises: ValueError for a size or block size that can't be; FileExistsError if the directory is not empty.
    """
    check_geometry(size, block_size, region, lease)
    if directory.names():
        raise FileExistsError("the directory is not empty; a replica needs one of its own")
    device, inode = directory.place()
    header = Header(volume, ballot.voter, size, block_size, region, place.machine, device, inode, lease)
    Layers.create(directory)
    Ledger.create(directory, ballot)
    Slots.create(directory, "boot", place.boot).close()
    directory.sync()
    Slots.create(directory, "header.new", header).close()
    directory.rename("header.new", "header")
    directory.sync()
    return Replica.open(directory, place)
