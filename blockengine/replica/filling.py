"""Giving a replica out of sync the snapshots that it missed, and telling what differs between two.

A fill marks neither intent nor logs: until the replica is in sync again it is filled anew after
any stop, and nobody reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from blockengine.replica.layer import BLOCK
from blockengine.replica.replica import Replica


def align(replica: Replica, wanted: Sequence[int]) -> bool:
    """Have a layer for each of these snapshots, in order; whether everything was given up for that.

    Durable on return. Raises: ValueError if the replica is in sync; Failed, OSError.
    """
    _check_out_of_sync(replica)
    replica.flush()
    fits = replica.layers.fit(wanted)
    if not fits:
        # What was copied here before is lost, though others may have struck it off their logs.
        replica.ledger.mark(range(replica.regions))
    replica.layers.align(wanted, replica.trust)
    return not fits


def fill(replica: Replica, view: int, offset: int, data: bytes | memoryview) -> None:
    """Whole blocks as a snapshot has them; durable after the next flush.

    Raises: ValueError, Failed, OSError.
    """
    _check(replica, view, offset, len(data))
    replica.store.fill(replica.layers.level(view), offset // BLOCK, memoryview(data))


def fill_zero(replica: Replica, view: int, offset: int, length: int) -> None:
    """The same with zeroes."""
    _check(replica, view, offset, length)
    replica.store.fill_zero(replica.layers.level(view), offset // BLOCK, length // BLOCK)


def changed(replica: Replica, view: int, since: int, offset: int, length: int) -> list[tuple[int, bool]]:
    """(bytes, whether they may differ) of whole blocks, between two snapshots; `Layers.changed`.

    Raises: ValueError, Failed.
    """
    replica.check(offset, length)
    found = replica.layers.changed(offset // BLOCK, -(-length // BLOCK), view=view, since=since)
    return [(count * BLOCK, differs) for count, differs in found]


def _check(replica: Replica, view: int, offset: int, length: int) -> None:
    replica.check(offset, length)
    _check_out_of_sync(replica)
    if not view or offset % BLOCK or length % BLOCK:
        raise ValueError("only whole blocks of a snapshot are filled")


def _check_out_of_sync(replica: Replica) -> None:
    record = replica.ballot.record
    if record is not None and record.member(replica.header.replica) is not None:
        raise ValueError("a replica in sync does not change its snapshots")
