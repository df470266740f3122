"""Memory that a controller shares with voters."""

from __future__ import annotations

import os
import tempfile
from itertools import pairwise

import pytest

from blockengine.protocol.segment import AVAILABLE, Mapped, Memory, Segment, Where

UNIT = 128 * 1024

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="needs Linux' memfd_create and /proc")


def taken(segment: Segment, length: int) -> memoryview:
    room = segment.take(length)
    assert room is not None
    return room


def test_a_voter_sees_what_the_controller_put_there_and_the_other_way_round() -> None:
    segment = Segment()
    mapped = Mapped(segment.where)
    room = taken(segment, 5)
    room[:] = b"hello"
    there = mapped.at(segment.place(room), 5)
    assert there == b"hello"
    there[:] = b"world"
    assert room == b"world"


def test_what_nobody_refers_to_is_free_again() -> None:
    segment = Segment()
    whole = taken(segment, UNIT)
    place = segment.place(whole)
    part = whole[100:200]
    assert segment.place(part) == place + 100
    del whole
    other = taken(segment, UNIT)
    assert segment.place(other) != place
    del part
    assert segment.place(taken(segment, UNIT)) == place


def test_long_payloads_stand_in_one_piece_and_none_overlap() -> None:
    segment = Segment()
    lengths = [UNIT * 3, 1, UNIT + 1, UNIT * 40, UNIT * 90, UNIT]
    rooms = [room for room in map(segment.take, lengths) if room is not None]
    # 90 do not fit any more; what comes behind does.
    assert [len(room) for room in rooms] == [UNIT * 3, 1, UNIT + 1, UNIT * 40, UNIT]
    spans = sorted((segment.place(room), len(room)) for room in rooms)
    assert all(begin + length <= after for (begin, length), (after, _) in pairwise(spans))
    assert spans[0][0] > 0
    assert segment.take(UNIT * 1000) is None


def test_what_stands_elsewhere_has_no_place() -> None:
    segment, other = Segment(), Segment()
    assert segment.place(taken(other, 10)) == 0
    assert segment.place(memoryview(bytearray(10))) == 0
    assert segment.place(memoryview(b"constant")) == 0


def test_what_a_voter_may_still_use_is_never_used_again() -> None:
    memory = Memory()
    segment = memory.segment()
    assert segment is not None
    assert segment.place(memoryview(memory.room(UNIT))) == 0, "nobody has mapped it yet"
    segment.known = True
    places = set()
    while not segment.worn:
        room = memory.room(UNIT)
        assert isinstance(room, memoryview)
        place = segment.place(room)
        assert place not in places
        places.add(place)
        segment.lose(room)
    assert memory.segment() is not segment
    assert segment.place(memoryview(memory.room(UNIT))) == 0


def test_a_voter_maps_nothing_but_what_was_meant() -> None:
    where = Segment().where
    with tempfile.TemporaryFile() as file:
        file.truncate(1 << 20)
        with pytest.raises((ValueError, OSError)):
            Mapped(Where(os.getpid(), file.fileno(), bytes(16)))
    with pytest.raises(FileNotFoundError):
        Mapped(Where(os.getpid(), 1 << 20, where.token))
    segment = Segment()
    with pytest.raises(ValueError, match="other memory"):
        Mapped(Where(segment.where.pid, segment.where.descriptor, where.token))


@pytest.mark.parametrize(
    ("place", "length"), [(16 << 20, 1), ((16 << 20) - 10, 11), (1 << 31, 5), (0, 17 << 20)]
)
def test_nothing_outside_is_reached(place: int, length: int) -> None:
    segment = Segment()
    with pytest.raises(ValueError, match="shared memory"):
        Mapped(segment.where).at(place, length)
