"""Finding what rotted in a replica's layers, and putting it right from what another member has.

A block is looked at in the layer that has it, once: what a snapshot has from an earlier one is
that one's. It is mended in that very layer, so that every snapshot that sees the block is well again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from blockengine.replica.layer import BLOCK
from blockengine.replica.replica import Replica

# What a look says of a block.
WRONG, INTACT, EARLIER = 0, 1, 2
_STEP = 1024


def look(replica: Replica, first: int, count: int, *, view: int, since: int) -> tuple[bytearray, bytearray]:
    """A mark per block of a snapshot (0: live bytes), and the blocks.

    EARLIER are those that it has as snapshot `since` has them (0: that are zeroes); their bytes are not read.

    Raises: ValueError for snapshots that are not here.
    """
    level = replica.layers.level(view)
    marks, blocks = bytearray((EARLIER,)) * count, bytearray(count * BLOCK)
    place = 0
    for length, own in replica.layers.changed(first, count, view=view, since=since):
        if own:
            data, wrong = replica.store.inspect(first + place, length, level)
            marks[place : place + length] = bytes((INTACT,)) * length
            for block in wrong:
                marks[block - first] = WRONG
            blocks[place * BLOCK : (place + length) * BLOCK] = data
        place += length
    return marks, blocks


def mend(
    replica: Replica, view: int, offset: int, content: memoryview, *, dead: Callable[[int], bool]
) -> int:
    """Put right those blocks of a snapshot (0: live bytes) that don't verify; how many were.

    `content` is what another member verified. What stands in the layer that takes writes is left alone: that
    is a change like any other. `dead` says of a snapshot's id whether its layer is being merged away: bad
    bytes that a merge has copied down already are mended there too. Durable after a flush.

    Raises: ValueError, Failed, OSError.
    """
    replica.check(offset, len(content))
    if offset % BLOCK or len(content) % BLOCK:
        raise ValueError("only whole blocks are mended")
    newest, store = replica.layers.level(view), replica.store
    mended = 0
    for place in range(0, len(content), BLOCK):
        block = (offset + place) // BLOCK
        level = store.holder(block, newest)
        if not 0 <= level < len(store.layers) - 1:
            continue
        mended += store.mend(level, block, content[place : place + BLOCK])
        while level and dead(replica.layers.snapshots[level - 1]):
            level -= 1
            store.mend(level, block, content[place : place + BLOCK])
    return mended


def scrub(replica: Replica, views: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Read all that these snapshots, oldest first, and live bytes have.

    Per stretch its first block, and those blocks that don't verify in some layer.
    """
    for first in range(0, replica.blocks, _STEP):
        count = min(_STEP, replica.blocks - first)
        wrong: set[int] = set()
        for since, view in zip((0, *views), (*views, 0), strict=True):
            marks, _ = look(replica, first, count, view=view, since=since)
            wrong.update(first + place for place, mark in enumerate(marks) if mark == WRONG)
        yield first, sorted(wrong)
