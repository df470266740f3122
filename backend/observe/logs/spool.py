"""Lines on disk, for one run: encrypted with a key that only lives in memory, bounded, read by number.

Lines are gathered into blocks; a full block is sealed and written by a thread of its own. In memory stays one
small entry for each block, whatever its lines are. The oldest file goes when the whole is larger than its
bound, and the lines in it are counted: nothing is dropped silently. Files lose their name in the moment
they are made, so the kernel removes them however the run ends.
"""

from __future__ import annotations

import os
import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as unseal
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as seal

from backend.observe.logs.block import Block, Entry
from backend.observe.logs.spool_file import SpoolFile, SpoolFolder
from backend.text import SafeStr, safe_text

LARGEST = 1024 * 1024 * 1024
"""Bytes on disk before the oldest lines go."""
FILES = 16
"""Parts of the whole that are dropped one at a time."""
BLOCK_BYTES = 128 * 1024
BLOCK_LINES = 4096
_STEP = 256
"""Lines after which it is looked whether a block is full."""
UNWRITTEN = 32 * 1024 * 1024
"""Bytes that may wait for the disk before streams wait too."""
_CACHED = 48
_KEY = 32
_NONCE = 24


class Spool:
    """Append in one thread at a time, read in any. Lines are numbered from 0 in the order they came."""

    def __init__(self, *, folder: SpoolFolder | None = None, largest: int = LARGEST) -> None:
        self._folder = folder or SpoolFolder()
        self._part = max(BLOCK_BYTES, largest // FILES)
        self._largest = largest
        self._key = os.urandom(_KEY)
        self._sealed = 0
        """Blocks sealed so far: the nonce of the next, never used twice under one key."""
        self._files: deque[SpoolFile] = deque()
        self._bytes = 0
        self._index = _Index()
        self._open = Block(first=0)
        self._unwritten: dict[int, Block] = {}
        self._waiting_bytes = 0
        self._cache: OrderedDict[int, Block] = OrderedDict()
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="log-spool")
        self.trouble = SafeStr("")
        """Why lines can't be written, for people; empty: they can."""

    # --- how much there is

    @property
    def first(self) -> int:
        """Number of the oldest line there is."""
        with self._lock:
            return self._index.first_line(default=self._open.first)

    @property
    def end(self) -> int:
        """One more than the number of the latest line."""
        block = self._open  # once: another thread may put the next one in its place
        return block.first + len(block)

    @property
    def dropped(self) -> int:
        """Lines that are gone because there was no more room for them."""
        return self.first

    @property
    def bytes_on_disk(self) -> int:
        return self._bytes

    @property
    def busy(self) -> bool:
        """So much waits for the disk that streams should wait."""
        return self._waiting_bytes > UNWRITTEN and not self.trouble

    # --- writing

    def append(self, entries: Sequence[Entry]) -> None:
        """Add lines in this order; they can be read at once."""
        if entries:
            self.extend(*zip(*entries, strict=True))

    def extend(
        self, times: Sequence[int], sources: Sequence[int], levels: Sequence[int], texts: Sequence[bytes]
    ) -> None:
        """The same, column by column. Not by two threads at a time."""
        for start in range(0, len(times), _STEP):
            step = slice(start, start + _STEP)
            self._open.extend(times[step], sources[step], levels[step], texts[step])
            if self._open.size >= BLOCK_BYTES or len(self._open) >= BLOCK_LINES:
                self._close_block()

    def _close_block(self) -> None:
        block = self._open
        with self._lock:
            self._index.add(block)
            self._unwritten[self._sealed] = block
            self._sealed += 1
            self._waiting_bytes += block.size
            self._open = Block(first=block.first + len(block))
        block.join()
        self._writer.submit(self._write_waiting)

    def _write_waiting(self) -> None:
        """In the writer's thread: seal and write what waits, the oldest first."""
        while True:
            with self._lock:
                waiting = next(iter(self._unwritten.items()), None)
            if waiting is None:
                return
            number, block = waiting
            nonce = number.to_bytes(_NONCE, "big")
            sealed = seal(block.encoded(), nonce, nonce, self._key)
            try:
                file, offset = self._written(sealed)
            except OSError as error:
                self._not_written(error)
                return
            with self._lock:
                self._index.place(number, file.number, offset, len(sealed))
                self._bytes += len(sealed)
                if self._unwritten.pop(number, None) is not None:
                    self._waiting_bytes -= block.size
                    self._remember(number, block)
                self.trouble = SafeStr("")
                while self._bytes > self._largest and len(self._files) > 1:
                    self._drop_file()

    def _written(self, sealed: bytes) -> tuple[SpoolFile, int]:
        """Where it was written. On a full disk our own oldest lines make room. Raises OSError."""
        while True:
            try:
                if not self._files or self._files[-1].size + len(sealed) > self._part:
                    self._files.append(self._folder.new_file())
                return self._files[-1], self._files[-1].append(sealed)
            except OSError:
                if not self._files:
                    raise
                with self._lock:
                    self._drop_file()

    def _not_written(self, error: OSError) -> None:
        """No room at all: the latest lines stay in memory, as many as may; the others go."""
        with self._lock:
            self.trouble = safe_text(
                f"the disk takes no more log lines ({error.strerror or error}): only the latest are kept, "
                "in memory; free some space, or follow less"
            )
            while self._waiting_bytes > UNWRITTEN:
                number = next(iter(self._unwritten))
                self._waiting_bytes -= self._unwritten.pop(number).size
                self._index.drop_through(number)

    def _drop_file(self) -> None:
        file = self._files.popleft()
        self._bytes -= file.size
        for number in self._index.drop_file(file.number):
            self._cache.pop(number, None)
        file.close()

    # --- reading

    def read(self, start: int, stop: int) -> list[Entry]:
        """The lines of these numbers that there still are; reads the disk if it must."""
        found: list[Entry] = []
        at = max(start, self.first)
        while at < stop:
            block = self.block_with(at)
            if block is None:
                break
            end = min(stop, block.first + len(block))
            found += block.entries(at - block.first, end - block.first)
            at = end
        return found

    def at_hand(self, start: int, stop: int) -> list[Entry] | None:
        """The same without touching the disk; None: it would have to be."""
        found: list[Entry] = []
        at = max(start, self.first)
        stop = min(stop, self.end)
        while at < stop:
            block = self._in_memory(at)
            if block is None:
                return None
            end = min(stop, block.first + len(block))
            found += block.entries(at - block.first, end - block.first)
            at = end
        return found

    def block_with(self, line: int) -> Block | None:
        """The block that holds a line; None: it is dropped, or not there yet."""
        block = self._in_memory(line)
        if block is not None:
            return block
        with self._lock:
            place = self._index.where(line)
            file = next((one for one in self._files if place and one.number == place[1]), None)
        if place is None or file is None:
            return self._in_memory(line)  # it was on its way to the disk, or is gone
        number, _, offset, size = place
        try:
            sealed = file.read(offset, size)
        except OSError:
            sealed = b""
        if len(sealed) < size:
            return None  # dropped in this moment
        nonce = number.to_bytes(_NONCE, "big")
        plain = unseal(sealed, nonce, nonce, self._key)
        with self._lock:
            first = self._index.first_of(number)
            if first is None:
                return None
            block = Block.decoded(plain, first=first)
            self._remember(number, block)
        return block

    def _in_memory(self, line: int) -> Block | None:
        with self._lock:
            if line >= self._open.first:
                return self._open if line < self._open.first + len(self._open) else None
            number = self._index.number_of(line)
            if number is None:
                return None
            block = self._unwritten.get(number) or self._cache.get(number)
            if block is not None and number in self._cache:
                self._cache.move_to_end(number)
            return block

    def _remember(self, number: int, block: Block) -> None:
        self._cache[number] = block
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)

    def line_at(self, time: int) -> int:
        """Number of the first line from this time on (nanoseconds), or ``end``."""
        with self._lock:
            start = self._index.first_line_since(time)
        at = self._open.first if start is None else start
        block = self.block_with(at)
        while block is not None:
            for place, moment in enumerate(block.times):
                if moment >= time:
                    return block.first + place
            at = block.first + len(block)
            block = self.block_with(at)
        return self.end

    # --- the end

    def settle(self) -> Future[None]:
        """Done when everything appended before is on disk."""
        return self._writer.submit(self._write_waiting)

    def close(self) -> None:
        """Let go of files and key; nothing can be read any more."""
        self._writer.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            for file in self._files:
                file.close()
            self._files.clear()
            self._cache.clear()
            self._unwritten.clear()
            self._key = b""


class _Index:
    """Of each block: its first line, latest time, place on disk. Some 40 bytes for thousands of lines."""

    def __init__(self) -> None:
        self._base = 0
        """Number of the first block that is still here."""
        self._first = array("Q")
        self._until = array("q")
        """Latest time of the block and of all before it."""
        self._file = array("l")
        self._offset = array("Q")
        self._size = array("L")
        self._end = 0

    def add(self, block: Block) -> None:
        latest = max(block.times, default=0)
        self._first.append(block.first)
        self._until.append(max(latest, self._until[-1]) if self._until else latest)
        self._file.append(-1)
        self._offset.append(0)
        self._size.append(0)
        self._end = block.first + len(block)

    def place(self, number: int, file: int, offset: int, size: int) -> None:
        at = number - self._base
        if at >= 0:
            self._file[at], self._offset[at], self._size[at] = file, offset, size

    def first_line(self, *, default: int) -> int:
        return self._first[0] if self._first else default

    def first_of(self, number: int) -> int | None:
        return self._first[number - self._base] if number >= self._base else None

    def number_of(self, line: int) -> int | None:
        if not self._first or not self._first[0] <= line < self._end:
            return None
        return self._base + bisect_right(self._first, line) - 1

    def where(self, line: int) -> tuple[int, int, int, int] | None:
        """(block, file, offset, size); file -1: not written yet."""
        number = self.number_of(line)
        if number is None:
            return None
        at = number - self._base
        return number, self._file[at], self._offset[at], self._size[at]

    def first_line_since(self, time: int) -> int | None:
        at = bisect_right(self._until, time - 1)
        return self._first[at] if at < len(self._first) else None

    def drop_file(self, file: int) -> range:
        """Forget the blocks of the oldest file, and any before them; which those were."""
        keep = 0
        while keep < len(self._file) and self._file[keep] <= file and self._file[keep] >= 0:
            keep += 1
        return self._drop(keep)

    def drop_through(self, number: int) -> None:
        """Forget all blocks up to this one."""
        self._drop(max(0, number + 1 - self._base))

    def _drop(self, count: int) -> range:
        gone = range(self._base, self._base + count)
        for column in (self._first, self._until, self._file, self._offset, self._size):
            del column[:count]
        self._base += count
        return gone
