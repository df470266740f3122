"""Merging layers whose boundary means nothing any more, while the replica serves.

Always the newer layer into the older one, so that the work is what was written since, not what
the volume holds. Until the chain names the result, the newer layer covers every block of the older one
that a merge has touched, and nobody reads the older one by itself: a stop at any moment leaves
all views as they were. So bytes, checksums and map need no order among them, only to be synced before
the chain changes.

The top layer takes writes. A large one is frozen first (a cut without a snapshot); a small one is
flushed, copied and given up in one step, between two requests.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

from blockengine.replica.layer import ABSENT, BLOCK, CHUNK, DATA, NEW, ZERO, Layer, runs
from blockengine.replica.replica import Replica

Step = Callable[[], None]
Copied = dict[int, bytes]

# A top layer with no more blocks than this is merged in one step (8 MiB).
SMALL = 2048
# Blocks copied per step, and between two notes of how far it came.
_PIECE = 256
_NOTED = 16384


def merging(replica: Replica, wanted: Collection[int]) -> Iterator[Step]:
    """Merge away every boundary but those of these snapshots.

    `wanted` may gain snapshots meanwhile. Each step may block, and may run in another thread while the
    replica serves; what runs between two steps must not, nor beside a flush. It may be given up after any
    step, and begun again.

    Raises: Failed; OSError, also from the steps: nothing is lost, and it may be tried again.
    """
    while (level := _next(replica, wanted)) is not None:
        if level + 2 < len(replica.layers.chain.layers):
            yield from _merge_frozen(replica, level)
        else:
            yield from _merge_top(replica, level)


def _next(replica: Replica, wanted: Collection[int]) -> int | None:
    """The oldest layer that should be one with the next; one whose next takes no writes, if there is one.

    From the bottom up every block is copied once, however many layers go.
    """
    snapshots = replica.layers.snapshots
    levels = [level for level, snapshot in enumerate(snapshots) if snapshot not in wanted]
    frozen = [level for level in levels if level + 1 < len(snapshots)]
    return min(frozen or levels, default=None)


def _merge_frozen(replica: Replica, level: int) -> Iterator[Step]:
    lower, upper = replica.store.layers[level : level + 2]
    layers, trust = replica.layers, replica.trust
    done = layers.merged_so_far(lower.name, upper.name)
    unnoted = 0
    chunks: list[int] = []
    layers.moving, layers.moved = upper.name, 0
    yield partial(_list_chunks, upper, replica.blocks, chunks)
    for first, count in _pieces(chunks, done, replica.blocks):
        copied: Copied = {}
        yield partial(_copy, lower, upper, first, count, copied)
        _set(lower, copied)
        layers.moved += BLOCK * sum(map(len, copied.values()))
        unnoted += count
        if unnoted >= _NOTED:
            yield trust.guarded(lower.sync_content)
            yield trust.guarded(lower.sync_map)
            layers.note_merged(lower.name, upper.name, first + count, trust)
            unnoted = 0
    yield trust.guarded(lower.sync_content)
    yield trust.guarded(lower.sync_map)
    layers.collapse(lower.name, trust)


def _pieces(chunks: list[int], done: int, blocks: int) -> Iterator[tuple[int, int]]:
    """(first, count) of what is left to copy of these chunks."""
    for chunk in chunks:
        end = min((chunk + 1) * CHUNK, blocks)
        for first in range(max(chunk * CHUNK, done), end, _PIECE):
            yield first, min(_PIECE, end - first)


def _merge_top(replica: Replica, level: int) -> Iterator[Step]:
    lower, top = replica.store.layers[level : level + 2]
    known: list[int] = []
    if not top.begun_here:
        yield partial(_list_chunks, top, replica.blocks, known)
    chunks = set(known)
    # What can be made durable while others are served need not be waited for below. Not a whole flush:
    # two must not be under way, or the one that ends first misses what the other has taken on.
    yield replica.trust.guarded(top.sync_content)
    if replica.store.top is not top:
        # It was cut meanwhile.
        return
    if _weight(top, chunks | top.touched) > SMALL:
        replica.cut(0)
        return
    replica.flush()
    trust = replica.trust
    for chunk in sorted(chunks | top.touched):
        copied: Copied = {}
        _copy(lower, top, chunk * CHUNK, CHUNK, copied)
        _set(lower, copied)
    with trust.promising():
        lower.sync_content()
        lower.sync_map()
    replica.layers.collapse(lower.name, trust)


def _list_chunks(layer: Layer, blocks: int, found: list[int]) -> None:
    found += layer.chunks(blocks)


def _weight(layer: Layer, chunks: Collection[int]) -> int:
    return sum(CHUNK - layer.states(chunk * CHUNK, CHUNK).count(ABSENT) for chunk in chunks)


def _copy(lower: Layer, upper: Layer, first: int, count: int, copied: Copied) -> None:
    """Bytes and checksums as they are, so that rot stays rot; `copied` gets the states to set."""
    for state, start, length in runs(upper.map.pread(count, first)):
        if state == ABSENT:
            continue
        begin = first + start
        if state == ZERO:
            lower.data.punch(begin * BLOCK, length * BLOCK)
        else:
            lower.data.pwrite(upper.data.pread(length * BLOCK, begin * BLOCK), begin * BLOCK)
            lower.sums.pwrite(upper.sums.pread(length * 8, begin * 8), begin * 8)
        copied[begin] = bytes((DATA if state == NEW else state,)) * length


def _set(lower: Layer, copied: Copied) -> None:
    for first, states in copied.items():
        lower.set_states(first, states)


__all__ = ["SMALL", "merging"]
