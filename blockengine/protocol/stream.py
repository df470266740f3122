"""A stream of frames, cut with as few copies as they allow.

Small frames are parsed where they were received. A large payload is received into memory of its
own, which whoever gets it may keep: between the kernel and there nothing is copied twice.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

# What one read may bring, unless a large payload is likely to come next: then little more than its
# head, for everything behind the head is copied.
_ROOM, _HEADS = 64 * 1024, 4096
LARGE = 16 * 1024

# Linux doubles it, and allows about this much: what a UNIX socket has by itself holds one frame of 128 KiB.
_SOCKET_ROOM = 212_992


def is_local(transport: asyncio.BaseTransport) -> bool:
    """Whether the other end is on this machine, by a UNIX socket."""
    found: Any = transport.get_extra_info("socket")
    return found is not None and found.family == socket.AF_UNIX


def widen(transport: asyncio.BaseTransport) -> None:
    """Make room for several large frames on their way. TCP looks after itself."""
    if is_local(transport):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_ROOM)


# Makes the memory for a payload of some length.
Room = Callable[[int], bytearray | memoryview]


class Stream(asyncio.BufferedProtocol):
    """A subclass parses at a place in `_inbox`, of which `_end` bytes are filled.

    `_parse` takes one frame or more, and returns how many bytes it used, 0 if it needs more; to have
    a large payload received it returns `_receive(…)`, and gets it by `_received`. While it is `_halted`
    nothing is handed out: `_parse` looks after each frame.
    """

    def __init__(self, room: Room = bytearray) -> None:
        self._room = room
        self._inbox = bytearray(_ROOM)
        self._view = memoryview(self._inbox)
        self._begin = self._end = self._filled = 0
        self._window = _ROOM
        self._large: bytearray | memoryview | None = None
        self._halted = False

    # For the subclass.

    def _parse(self, place: int) -> int:
        raise NotImplementedError

    def _received(self, payload: bytearray | memoryview) -> None:
        """The payload of the frame whose head was parsed last."""
        raise NotImplementedError

    def _work(self) -> None:
        """Something came: usually `_cut` and an answer."""
        raise NotImplementedError

    def _receive(self, place: int, length: int) -> int:
        """Receive `length` bytes from `place` on, the last of what is here; the bytes used."""
        self._large = large = self._room(length)
        self._filled = self._end - place
        large[: self._filled] = self._view[place : self._end]
        self._window = _HEADS
        return self._end - self._begin

    def _cut(self) -> None:
        """Hand out the frames that are here."""
        while not self._halted:
            large = self._large
            if large is not None:
                if self._filled < len(large):
                    break
                self._large = None
                self._received(large)
                continue
            used = self._parse(self._begin)
            if not used:
                break
            self._begin += used
        if self._begin == self._end:
            self._begin = self._end = 0

    # What the transport calls.

    def get_buffer(self, sizehint: int) -> memoryview:
        large = self._large
        if large is not None and self._filled < len(large):
            return memoryview(large)[self._filled :]
        if self._end == len(self._inbox):
            self._make_room()
        return self._view[self._end : self._end + self._window]

    def buffer_updated(self, nbytes: int) -> None:
        large = self._large
        if large is not None and self._filled < len(large):
            self._filled += nbytes
            if self._filled < len(large):
                return
        else:
            self._end += nbytes
            if nbytes == self._window:
                self._window = _ROOM
        self._work()

    def _make_room(self) -> None:
        """Move what is not parsed yet to the front, of a larger inbox if it fills this one."""
        rest = self._view[self._begin : self._end]
        if len(rest) > len(self._inbox) // 2:
            self._inbox = bytearray(2 * len(self._inbox))
        self._inbox[: len(rest)] = bytes(rest)
        self._view = memoryview(self._inbox)
        self._begin, self._end = 0, len(rest)

    def _forget(self) -> None:
        """Drop what came and was not parsed."""
        self._begin = self._end = 0
        self._large = None
