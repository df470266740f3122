from __future__ import annotations

import random

import msgspec
import pytest

from blockengine.membership.ballot import Granted, Refused, Stored
from blockengine.membership.record import Absent, Epoch, Member, Override, Position, Record, Voter
from blockengine.protocol import messages, wire
from blockengine.protocol.address import Address, parse
from blockengine.protocol.messages import Booted, Identity, Missed
from blockengine.protocol.wire import Kind, Malformed, Status

AT = Position(Epoch(3, 1 << 62), 4)
RECORD = Record(
    "v",
    "l",
    AT,
    (Voter("a", 1), Voter("b", 2)),
    (Member("a", "boot", AT),),
    (Absent("b", None, AT),),
    size=4096,
)


def test_frames_come_back_as_they_went() -> None:
    issued = wire.ISSUED.pack(5, *AT.epoch, AT.seq)
    head = wire.request(Kind.WRITE, 7, issued + wire.tail(1 << 40, 9, 4096))
    assert len(head) == wire.REQUEST.size == 72
    assert wire.parse_request(bytearray(b"xx" + head), 2)[1:] == (Kind.WRITE, 7, issued, 1 << 40, 9, 4096, 0)
    placed = wire.request(Kind.WRITE, 7, issued + wire.tail(1 << 40, 9, 4096), 1 << 20)
    assert wire.parse_request(placed, 0)[1:] == (Kind.WRITE, 7, issued, 1 << 40, 9, 4096, 1 << 20)
    assert wire.parse_reply(bytearray(wire.reply(8, Status.ROTTEN, 3)), 0) == (8, Status.ROTTEN, 3)


@pytest.mark.parametrize("place", range(wire.REQUEST.size))
def test_a_head_with_any_byte_wrong_is_another_head_or_malformed(place: int) -> None:
    head = bytearray(wire.request(Kind.READ, 7, bytes(32) + wire.tail(1, 2, 3)))
    right = wire.parse_request(head, 0)
    head[place] ^= 0xFF
    try:
        wrong = wire.parse_request(head, 0)
    except Malformed:
        return
    padding = place in (5, 6, 7)
    assert padding or wrong != right


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (messages.Ask(AT.epoch), Granted("a", 1, RECORD)),
        (messages.Keep(RECORD), Stored("a", 1)),
        (messages.Open(AT.epoch, 2), Booted(9, "boot")),
        (messages.Log("b"), Missed(AT, [1, 5], whole=True)),
        (messages.Copied("b", AT, {1: 7}), None),
        (messages.Log("b"), None),
        (messages.Intent(), [1, 2]),
        (messages.Clear({1: 2}), None),
        (messages.Forget("b", AT), None),
        (messages.Enter(RECORD, 5, Override("new", "old", "me", 1, "why")), Stored("a", 5)),
        (
            messages.Hello(),
            Identity("v", "a", 1, True, "boot", 5000, 4096, 512, 4096, AT.epoch, None, RECORD),
        ),
    ],
)
def test_messages_come_back_as_they_went(message: messages.Request, answer: object) -> None:
    assert messages.decode_request(messages.encode(message)) == message
    assert messages.decode_answer(type(message), messages.encode(answer)) == answer


def test_a_no_comes_back_as_it_went() -> None:
    assert messages.decode_refused(messages.encode(Refused("leased", AT.epoch))) == Refused(
        "leased", AT.epoch
    )


def test_garbage_is_no_message() -> None:
    draw = random.Random(1)
    for _ in range(2000):
        with pytest.raises(msgspec.DecodeError):
            messages.decode_request(draw.randbytes(draw.randrange(60)))


def test_addresses() -> None:
    assert str(parse("unix:/a/b")) == "unix:/a/b"
    assert parse("10.0.0.1:7") == Address(None, "10.0.0.1", 7)
    assert str(parse("[::1]:7")) == "[::1]:7"
    assert parse("unix:/a").private
    assert parse("127.0.0.1:1").private
    assert parse("[::1]:1").private
    assert not parse("10.0.0.1:7").private
    assert not parse("example.org:7").private
    for wrong in ("", "unix:", "host", "host:", ":1", "host:99999", "host:x"):
        with pytest.raises(ValueError, match="no address"):
            parse(wrong)
