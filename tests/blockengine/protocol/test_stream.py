"""Frames cut from a stream, however the bytes arrive."""

from __future__ import annotations

import random
import struct

import pytest

from blockengine.protocol.stream import LARGE, Stream

_HEAD = struct.Struct("<I")


class Lengths(Stream):
    """Each frame is a length and so many bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[bytes] = []
        self.kept: list[bytearray] = []

    def _work(self) -> None:
        self._cut()

    def _parse(self, place: int) -> int:
        if self._end - place < _HEAD.size:
            return 0
        (length,) = _HEAD.unpack_from(self._inbox, place)
        start = place + _HEAD.size
        if self._end - start >= length:
            self.frames.append(bytes(self._view[start : start + length]))
            return int(_HEAD.size + length)
        return 0 if length < LARGE else self._receive(start, length)

    def _received(self, payload: bytearray) -> None:
        self.kept.append(payload)
        self.frames.append(bytes(payload))

    def feed(self, data: bytes, draw: random.Random) -> None:
        """As a transport does: never more than the buffer that it was given."""
        while data:
            room = self.get_buffer(-1)
            step = min(len(room), len(data), draw.choice((1, 3, 700, 4096, 70_000)))
            room[:step] = data[:step]
            self.buffer_updated(step)
            data = data[step:]


@pytest.mark.parametrize("seed", range(8))
def test_every_frame_arrives_whole_and_in_order(seed: int) -> None:
    draw = random.Random(seed)
    lengths = [draw.choice((0, 1, 28, 4096, LARGE - 1, LARGE, 131_072, 200_001)) for _ in range(60)]
    wanted = [draw.randbytes(length) for length in lengths]
    stream = Lengths()
    for frame in wanted:
        stream._halted = draw.random() < 0.2
        stream.feed(_HEAD.pack(len(frame)) + frame, draw)
    stream._halted = False
    stream._work()
    assert stream.frames == wanted
    assert [bytes(kept) for kept in stream.kept] == [frame for frame in wanted if frame in stream.kept]


def test_what_waits_unparsed_is_kept_however_much_it_is() -> None:
    stream, draw = Lengths(), random.Random(1)
    stream._halted = True
    frames = [draw.randbytes(3000) for _ in range(100)]
    for frame in frames:
        stream.feed(_HEAD.pack(len(frame)) + frame, draw)
    assert not stream.frames
    stream._halted = False
    stream._work()
    assert stream.frames == frames
