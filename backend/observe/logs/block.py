"""A block of lines: gathered, made into bytes for the spool, and made again from them."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple


class Level(IntEnum):
    """How grave a line says that it is; ``SEAM`` and ``NOTE`` are ours: a restart, a gap."""

    NONE = 0
    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6
    SEAM = 7
    NOTE = 8

    @property
    def problem(self) -> bool:
        return self in (Level.WARN, Level.ERROR, Level.FATAL)


class Entry(NamedTuple):
    """One line of one source."""

    time: int
    """Nanoseconds since the epoch, as its node wrote it."""
    source: int
    """The source's number."""
    level: int
    text: bytes
    """As the container wrote it, without line feed and colours; hostile."""


_HEAD = struct.Struct("<II")


class Block:
    """Lines in columns. Times, sources and levels are arrays, the text is one piece of bytes when sealed."""

    __slots__ = ("_joined", "_texts", "ends", "first", "levels", "size", "sources", "times")

    def __init__(self, *, first: int) -> None:
        self.first = first
        """Number of its first line."""
        self.times = array("q")
        self.sources = array("I")
        self.levels = bytearray()
        self.ends = array("I")
        """Where each line ends in the text, its line feed included."""
        self.size = 0
        """Bytes of text."""
        self._texts: list[bytes] | None = []
        self._joined = b""

    def __len__(self) -> int:
        return len(self.times)

    def extend(
        self, times: Sequence[int], sources: Sequence[int], levels: Sequence[int], texts: Sequence[bytes]
    ) -> None:
        """Add lines, column by column."""
        assert self._texts is not None
        self._texts += texts
        self.sources.extend(sources)
        self.levels += bytes(levels)
        ends = list(accumulate([len(text) + 1 for text in texts], initial=self.size))
        self.ends.extend(ends[1:])
        self.size = ends[-1]
        self.times.extend(times)  # last: readers in other threads count these

    def join(self) -> None:
        """It is complete: keep its text in one piece."""
        self._joined = self.text
        self._texts = None

    @property
    def text(self) -> bytes:
        """All lines, each ended by a line feed."""
        texts = self._texts
        return self._joined if texts is None else b"\n".join((*texts, b""))

    def line(self, at: int) -> bytes:
        texts = self._texts
        if texts is not None:
            return texts[at]
        return self._joined[self.ends[at - 1] if at else 0 : self.ends[at] - 1]

    def entries(self, start: int, stop: int) -> list[Entry]:
        return [
            Entry(self.times[at], self.sources[at], self.levels[at], self.line(at))
            for at in range(start, min(stop, len(self)))
        ]

    def encoded(self) -> bytes:
        """The block as bytes, in this machine's byte order: it is read back by the same run only."""
        text = self.text
        head = _HEAD.pack(len(self), len(text))
        columns = (self.times.tobytes(), self.sources.tobytes(), bytes(self.levels), self.ends.tobytes())
        return b"".join((head, *columns, text))

    @classmethod
    def decoded(cls, data: bytes, *, first: int) -> Block:
        count, length = _HEAD.unpack_from(data)
        block = cls(first=first)
        at = _HEAD.size
        for column, width in ((block.times, 8), (block.sources, 4)):
            column.frombytes(data[at : at + width * count])
            at += width * count
        block.levels = bytearray(data[at : at + count])
        at += count
        block.ends.frombytes(data[at : at + 4 * count])
        at += 4 * count
        block._joined = data[at : at + length]
        block._texts = None
        block.size = length
        return block
