"""The bytes of one replica: reading and writing through its layers.

Synchronous: whoever serves decides what runs in a thread. One caller at a time may change a
block; `flushing` may run beside reads and writes.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

from blockengine.replica.files import Bytes, Directory
from blockengine.replica.layer import ABSENT, BLOCK, CHUNK, DATA, NEW, ZERO, Layer, runs

_FRESH = bytes((ABSENT, NEW))


class Rotten(Exception):
    """Blocks whose checksum does not verify; another replica may still have them."""

    def __init__(self, blocks: list[int]) -> None:
        self.blocks = blocks
        super().__init__(
            f"{len(blocks)} blocks don't match their checksums, first at byte {blocks[0] * BLOCK}"
        )


Extent = tuple[Layer | None, int, int]


class Store:
    """A chain of layers, the newest last. Offsets and lengths are whole blocks."""

    def __init__(self, directory: Directory, names: list[str]) -> None:
        self._directory = directory
        self.layers = [Layer(directory, name) for name in names]
        self._fresh: set[int] = set()
        self._filled: set[Layer] = set()

    @property
    def top(self) -> Layer:
        return self.layers[-1]

    def read_at(self, level: int, first: int, count: int) -> bytes:
        """Blocks as they were when the layer of this level froze.

        Raises: Rotten.
        """
        data, wrong = self._joined(self._find(level, first, count))
        if wrong:
            raise Rotten(wrong)
        return data

    def read(self, first: int, count: int) -> bytes:
        """`count` blocks from `first`.

        Raises: Rotten.
        """
        top = self.layers[-1]
        if top.holds(first, count):
            data, wrong = top.read(first, count)
        else:
            data, wrong = self._gather(first, count)
        if wrong:
            raise Rotten(wrong)
        return data

    def inspect(self, first: int, count: int, level: int = -1) -> tuple[bytes, list[int]]:
        """Blocks as they are, and which of them don't verify (or whose state is damaged).

        With `level`, as they were when that layer froze.
        """
        try:
            return self._joined(self.extents(first, count, level))
        except Rotten as rotten:
            if count == 1:
                return bytes(BLOCK), rotten.blocks
        pieces = [self.inspect(block, 1, level) for block in range(first, first + count)]
        return b"".join(data for data, _ in pieces), [block for _, wrong in pieces for block in wrong]

    def read_cached(self, first: int, count: int, into: memoryview | None = None) -> Bytes | None:
        """The same without waiting for a device, perhaps `into`; None if that is not possible."""
        top = self.layers[-1]
        if top.holds(first, count):
            return top.read_cached(first, count, into)
        pieces: list[Bytes] = []
        for layer, start, length in self.extents(first, count):
            piece = bytes(length * BLOCK) if layer is None else layer.read_cached(start, length)
            if piece is None:
                return None
            pieces.append(piece)
        return b"".join(pieces)

    def _gather(self, first: int, count: int) -> tuple[bytes, list[int]]:
        return self._joined(self.extents(first, count))

    @staticmethod
    def _joined(extents: list[Extent]) -> tuple[bytes, list[int]]:
        pieces: list[bytes] = []
        wrong: list[int] = []
        for layer, start, length in extents:
            if layer is None:
                pieces.append(bytes(length * BLOCK))
                continue
            data, bad = layer.read(start, length)
            pieces.append(data)
            wrong += bad
        return b"".join(pieces), wrong

    def extents(self, first: int, count: int, level: int = -1) -> list[Extent]:
        """Who has these blocks: (layer, first block, count); None reads as zeroes.

        With `level`, as they were when that layer froze. Raises: Rotten where a map holds what
        nobody wrote.
        """
        return self._find(level if level >= 0 else len(self.layers) - 1, first, count)

    def changed(self, first: int, count: int, *, above: int, newest: int) -> list[tuple[int, bool]]:
        """(blocks, whether any layer above one level, up to another, has something to say about them)."""
        marks = bytearray(count)
        for layer in self.layers[above + 1 : newest + 1]:
            for state, start, length in runs(layer.states(first, count)):
                if state != ABSENT:
                    marks[start : start + length] = b"\1" * length
        return [(length, state == 1) for state, _, length in runs(bytes(marks))]

    def holder(self, block: int, newest: int) -> int:
        """The level of the layer that has a block for all from it up to the newest; -1 if none has it."""
        held = (level for level in range(newest, -1, -1) if self.layers[level].states(block, 1)[0] != ABSENT)
        return next(held, -1)

    def _find(self, level: int, first: int, count: int) -> list[Extent]:
        if level < 0:
            return [(None, first, count)]
        found: list[Extent] = []
        layer = self.layers[level]
        for state, start, length in runs(layer.states(first, count)):
            if state == ABSENT:
                found += self._find(level - 1, first + start, length)
            elif state == ZERO:
                found.append((None, first + start, length))
            elif state in (DATA, NEW):
                found.append((layer, first + start, length))
            else:
                raise Rotten(list(range(first + start, first + start + length)))
        return found

    def write(self, first: int, blocks: Bytes, *, durable: bool = False) -> None:
        """Whole blocks. A failed write leaves each block old, new or mixed by sector, and readable.

        Raises: OSError.
        """
        count = len(blocks) // BLOCK
        top = self.layers[-1]
        try:
            top.write(first, blocks, durable=durable)
        except OSError:
            self._readable_again(first, top.states(first, count))
            raise
        if not top.holds(first, count) or (durable and not top.map_synced):
            self._now_data(first, top.states(first, count), durable=durable)

    def _now_data(self, first: int, states: bytes, *, durable: bool) -> None:
        """Record that blocks have content.

        Over a lower layer an absent block first becomes NEW: until its bytes are flushed, a
        power loss may leave any mixture in its place, and then it must count as absent.
        """
        if durable or len(self.layers) == 1:
            self.top.set_states(first, bytes((DATA,)) * len(states), durable=durable)
            return
        after = bytes(NEW if state in _FRESH else DATA for state in states)
        self._fresh.update(first + place for place, state in enumerate(after) if state == NEW)
        self.top.set_states(first, after)

    def _readable_again(self, first: int, states: bytes) -> None:
        for state, start, length in runs(states):
            if state in (DATA, NEW):
                self.trust(first + start, length)

    def trust(self, first: int, count: int) -> None:
        """Take blocks of the top layer as they are: make their checksums anew."""
        self.top.trust(first, count)

    def zero(self, first: int, count: int) -> None:
        """Blocks read as zeroes from now on, and give back their space.

        The map hides lower layers; the hole makes sure that a map which runs ahead of its
        bytes after a power loss shows zeroes, not what was discarded.
        """
        while count:
            step = min(count, CHUNK)
            self.top.punch(first, step)
            self.top.set_states(first, bytes((ZERO,)) * step)
            first, count = first + step, count - step

    def flushing(self) -> Iterator[Callable[[], None]]:
        """The blocking steps of a flush, in order; what is written meanwhile may miss it.

        What the disk has already is not synced again. One flush at a time.
        """
        filled, self._filled = self._filled, set()
        for layer in filled:
            yield layer.sync_content
            yield layer.sync_map
        top, fresh, self._fresh = self.top, self._fresh, set()
        if not top.content_synced:
            yield top.sync_content
        for block in fresh:
            if top.states(block, 1)[0] == NEW:
                top.set_states(block, bytes((DATA,)))
        if not top.map_synced:
            yield top.sync_map

    def after_crash(self, first: int, count: int, *, trusted: bool) -> None:
        """Bring the map in line with the bytes.

        After a power loss a NEW block counts only if it verifies. If the bytes are `trusted`
        (the page cache survived, and was synced), it counts as it is: a kill between bytes and
        checksum must not take back an older write of the same block.
        """
        states = self.top.states(first, count)
        for state, start, length in runs(states):
            if state == NEW:
                wrong = [] if trusted else self.top.read(first + start, length)[1]
                for block in range(first + start, first + start + length):
                    state_now = ABSENT if block in wrong else DATA
                    self.top.set_states(block, bytes((state_now,)))

    def unverified(self, first: int, count: int) -> list[int]:
        """Blocks of the top layer whose bytes and checksum disagree."""
        wrong: list[int] = []
        for state, start, length in runs(self.top.states(first, count)):
            if state in (DATA, NEW):
                wrong += self.top.read(first + start, length)[1]
        return wrong

    def check_room(self, size: int) -> None:
        """Raises: ValueError if the file system has no files of `size` bytes; OSError."""
        try:
            # Longer, not shorter: the file has no bytes beyond the size that it had.
            self.top.data.truncate(size)
        except OSError as error:
            if error.errno not in (errno.EFBIG, errno.EINVAL):
                raise
            raise ValueError(f"the replica's file system has no files of {size} bytes") from None

    def push(self, name: str) -> None:
        """Start a new, empty top layer; everything before it was flushed.

        Raises: OSError, and then nothing has changed.
        """
        self.layers.append(Layer(self._directory, name, create=True))
        self._fresh = set()

    def fill(self, level: int, first: int, blocks: memoryview) -> None:
        """Give a frozen layer whole blocks that it should have had, whatever is there.

        Durable after the next flush; until then a power loss may leave any mixture. Only for layers
        that nobody may read yet. Raises: OSError.
        """
        layer = self.layers[level]
        layer.write(first, blocks)
        self._fill(layer, first, bytes((DATA,)) * (len(blocks) // BLOCK))

    def fill_zero(self, level: int, first: int, count: int) -> None:
        """The same with zeroes."""
        layer = self.layers[level]
        layer.punch(first, count)
        self._fill(layer, first, bytes((ZERO,)) * count)

    def mend(self, level: int, block: int, content: memoryview) -> bool:
        """Give a frozen layer a block again that it has, but not intact; whether that was so.

        Durable after the next flush. A stop before leaves the block bad or mended: nobody can read it as
        anything else. Raises: OSError.
        """
        layer = self.layers[level]
        state = layer.states(block, 1)[0]
        if state in (ABSENT, ZERO) or (state == DATA and not layer.read(block, 1)[1]):
            return False
        layer.write(block, content)
        if state != DATA:
            # The map must not say that it is there before it is.
            layer.sync_content()
            layer.set_states(block, bytes((DATA,)))
        self._filled.add(layer)
        return True

    def _fill(self, layer: Layer, first: int, states: bytes) -> None:
        layer.set_states(first, states)
        self._filled.add(layer)

    def pop(self, count: int) -> None:
        """Give up so many new top layers in which nothing was written."""
        for _ in range(count):
            self.layers.pop()

    def keep_top_only(self) -> None:
        """Give up every layer but the newest."""
        del self.layers[:-1]
        self._filled.clear()

    def drop(self, level: int) -> None:
        """Give up a layer whose blocks the one below it has."""
        if level == len(self.layers) - 1:
            self._fresh = set()
        self._filled.discard(self.layers.pop(level))

    def close(self) -> None:
        for layer in self.layers:
            layer.close()
