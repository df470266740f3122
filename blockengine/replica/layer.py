"""One layer of a replica: bytes, their checksums, and which blocks it has.

Three files. Block `n` (4 KiB) stands at `n * 4096` of the data file, its checksum at `n * 8`
of the checksum file, its state at `n` of the map. The map is read in chunks, and only a
bounded number of them stays in memory.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterator

from xxhash import xxh3_64_intdigest

from blockengine.replica.files import Bytes, Directory

BLOCK = 4096
CHUNK = 4096
CHUNKS_KEPT = 2048

# Any two differ in four bits or more, so that a flipped bit is noticed, not believed.
ABSENT, ZERO, DATA, NEW = 0x00, 0x55, 0xAA, 0x33

_SUM = struct.Struct("<Q")


def checksum(block: Bytes, number: int) -> int:
    """XXH3-64 of one block, seeded with its number: a block at the wrong place fails too."""
    return xxh3_64_intdigest(block, seed=number)


class Layer:
    """Blocks of one layer. `ABSENT` means: ask the layer below."""

    def __init__(self, directory: Directory, name: str, *, create: bool = False) -> None:
        take = directory.create if create else directory.open
        self.name = name
        self.data = take(f"{name}.data")
        self.sums = take(f"{name}.sums")
        self.map = take(f"{name}.map")
        # Changes of bytes and checksums, and of the map, and up to which the disk has them. A change counts
        # once the page cache has it: a sync beside it may take one too few as done, never one too many.
        self._changes = self._map_changes = 0
        self._synced = self._map_synced = -1
        self._chunks: OrderedDict[int, bytearray] = OrderedDict()
        # The chunks changed since this object was made; all there are if the layer was made with it.
        self.touched: set[int] = set()
        self.begun_here = create

    def states(self, first: int, count: int) -> bytes:
        """The states of `count` blocks from `first`."""
        chunk, place = divmod(first, CHUNK)
        if place + count <= CHUNK:
            return bytes(self._chunk(chunk)[place : place + count])
        head = CHUNK - place
        return self.states(first, head) + self.states(first + head, count - head)

    def holds(self, first: int, count: int) -> bool:
        """Whether all of these blocks are here, as data that no power loss takes back."""
        chunk, place = divmod(first, CHUNK)
        if count == 1:
            return self._chunk(chunk)[place] == DATA
        if place + count <= CHUNK:
            return self._chunk(chunk).count(DATA, place, place + count) == count
        return self.states(first, count).count(DATA) == count

    def set_states(self, first: int, states: Bytes, *, durable: bool = False) -> None:
        """Change states, in the page cache (or, `durable`, on the disk)."""
        try:
            self.map.pwrite(states, first, durable=durable)
        finally:
            if not durable:
                self._map_changes += 1
        done = 0
        while done < len(states):
            chunk, place = divmod(first + done, CHUNK)
            step = min(len(states) - done, CHUNK - place)
            self._chunk(chunk)[place : place + step] = states[done : done + step]
            self.touched.add(chunk)
            done += step

    def _chunk(self, number: int) -> bytearray:
        chunk = self._chunks.get(number)
        if chunk is None:
            chunk = self._chunks[number] = bytearray(self.map.pread(CHUNK, number * CHUNK))
            if len(self._chunks) > CHUNKS_KEPT:
                self._chunks.popitem(last=False)
        elif len(self._chunks) == CHUNKS_KEPT:
            self._chunks.move_to_end(number)
        return chunk

    def write(self, first: int, blocks: Bytes, *, durable: bool = False) -> None:
        """Whole blocks and their checksums, in this order."""
        try:
            self.data.pwrite(blocks, first * BLOCK, durable=durable)
            self.sums.pwrite(sums_of(blocks, first), first * 8, durable=durable)
        finally:
            self._changes += 1

    def punch(self, first: int, count: int) -> None:
        """Bytes of whole blocks read as zeroes, and give back their space; the map says nothing of it yet."""
        try:
            self.data.punch(first * BLOCK, count * BLOCK)
        finally:
            self._changes += 1

    def trust(self, first: int, count: int) -> None:
        """Take blocks as they are: make their checksums anew."""
        data = self.data.pread(count * BLOCK, first * BLOCK)
        try:
            self.sums.pwrite(sums_of(data, first), first * 8)
        finally:
            self._changes += 1

    def read(self, first: int, count: int) -> tuple[bytes, list[int]]:
        """Whole blocks, and the numbers of those whose checksum does not verify."""
        data = self.data.pread(count * BLOCK, first * BLOCK)
        return data, self.wrong(first, data)

    def read_cached(self, first: int, count: int, into: memoryview | None = None) -> Bytes | None:
        """Whole blocks if they are in memory and verify, perhaps `into`; None otherwise."""
        data = self.data.pread_cached(count * BLOCK, first * BLOCK, into)
        if data is None or self.wrong(first, data):
            return None
        return data

    def wrong(self, first: int, data: Bytes) -> list[int]:
        """Which of these blocks don't verify."""
        count = len(data) // BLOCK
        stored, made = self.sums.pread(count * 8, first * 8), sums_of(data, first)
        if stored == made:
            return []
        return [first + n for n in range(count) if stored[n * 8 : n * 8 + 8] != made[n * 8 : n * 8 + 8]]

    def chunks(self, blocks: int) -> Iterator[int]:
        """The numbers of the chunks, among the first `blocks`, in which it has anything, from its file.

        Touches nothing that another thread may change: for layers that are frozen.
        """
        step = 256 * CHUNK
        for first in range(0, blocks, step):
            raw = self.map.pread(min(step, blocks - first), first)
            if raw.count(0) == len(raw):
                continue
            for start in range(0, len(raw), CHUNK):
                piece = raw[start : start + CHUNK]
                if piece.count(0) < len(piece):
                    yield (first + start) // CHUNK

    def allocated(self) -> int:
        """How many bytes its files take up."""
        return sum(file.allocated() for file in (self.data, self.sums, self.map))

    @property
    def content_synced(self) -> bool:
        """Whether bytes and checksums on the disk are those of the page cache."""
        return self._changes == self._synced

    @property
    def map_synced(self) -> bool:
        """Whether the map on the disk is the one in memory."""
        return self._map_changes == self._map_synced

    def sync_content(self) -> None:
        """Bytes and checksums survive power loss on return; the map comes after them."""
        changes = self._changes
        self.data.sync()
        self.sums.sync()
        self._synced = changes

    def sync_map(self) -> None:
        """The map survives power loss on return, as it was when the call began."""
        changes = self._map_changes
        self.map.sync()
        self._map_synced = changes

    def close(self) -> None:
        for file in (self.data, self.sums, self.map):
            file.close()


def sums_of(blocks: Bytes, first: int) -> bytes:
    """The checksums of whole blocks, as they stand in the checksum file."""
    if len(blocks) == BLOCK:
        return _SUM.pack(xxh3_64_intdigest(blocks, first))
    view, places = memoryview(blocks), range(0, len(blocks), BLOCK)
    digests = [xxh3_64_intdigest(view[n : n + BLOCK], block) for block, n in enumerate(places, first)]
    return struct.pack(f"<{len(digests)}Q", *digests)


def runs(states: bytes) -> Iterator[tuple[int, int, int]]:
    """(state, start, length) of each run of equal states."""
    start = 0
    while start < len(states):
        state = states[start]
        rest = states[start:].lstrip(states[start : start + 1])
        length = len(states) - start - len(rest)
        yield state, start, length
        start += length
