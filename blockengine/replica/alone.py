"""What only a replica does that stands alone: nobody else has a copy that would decide."""

from __future__ import annotations

from blockengine.replica.replica import Replica


def trust_unverified(replica: Replica) -> int:
    """Take blocks that a crash left torn as they are; how many.

    With others a copy that verifies wins, and the controller writes it here.
    """
    count = 0
    for first, length in replica.unverified_ranges():
        for block in replica.store.unverified(first, length):
            replica.store.trust(block, 1)
            count += 1
    return count
