"""One HTTP/1.1 connection against any bytes a peer may send, in any pieces."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import h11
import pytest
from anyio.abc import ByteStream
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.kube.http1 import Connection, ConnectionLost, IdleConnections, Request

GET = Request(method="GET", target="/", headers=[("Host", b"x")])


class Script(ByteStream):
    """A stream that gives the scripted pieces, then its end."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self.sent = b""
        self.closed = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self._pieces:
            raise anyio.EndOfStream
        piece = self._pieces.pop(0)
        if len(piece) > max_bytes:
            self._pieces.insert(0, piece[max_bytes:])
        return piece[:max_bytes]

    async def send(self, item: bytes) -> None:
        self.sent += item

    async def send_eof(self) -> None: ...

    async def aclose(self) -> None:
        self.closed = True

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return {}


async def exchange(pieces: list[bytes]) -> bytes:
    connection = Connection(Script(pieces))
    await connection.send(GET)
    body = b""
    while piece := await connection.read_body(5):
        body += piece
    return body


def cut(data: bytes, places: list[int]) -> list[bytes]:
    points = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *points], [*points, len(data)], strict=True)]


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(0, 5000), max_size=8))
@example([b"a" * 3000], [1, 2, 3])
async def test_a_chunked_body_arrives_whole_however_it_is_cut(chunks: list[bytes], places: list[int]) -> None:
    coded = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded + b"0\r\n\r\n"
    assert await exchange(cut(data, places)) == b"".join(chunks)


@settings(max_examples=150)
@given(
    st.lists(st.binary(max_size=60), max_size=6), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 "])
)
async def test_any_bytes_end_in_an_answer_or_a_known_error(pieces: list[bytes], start: bytes) -> None:
    with contextlib.suppress(ConnectionLost, h11.RemoteProtocolError):
        await exchange([start, *pieces])


@settings(max_examples=60)
@given(st.integers(0, 200))
async def test_a_body_cut_anywhere_is_never_taken_for_whole(length: int) -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n" * 3 + b"0\r\n\r\n"
    part = data[: min(length, len(data) - 1)]
    with pytest.raises(ConnectionLost):
        await exchange([part])


async def test_only_what_was_read_whole_is_kept() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    for pieces, kept in (
        ([whole], 1),
        ([whole[:-1]], 0),
        ([whole.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")], 0),
    ):
        stream = Script(pieces)
        connection, idle = Connection(stream), IdleConnections()
        await connection.send(GET)
        await connection.read_body(5)
        if kept == 1 or b"close" in pieces[0]:
            assert await connection.read_body(5) == b""
        await idle.put(connection, 0)
        assert len(idle) == kept
        assert stream.closed is not bool(kept)


async def test_kept_connections_are_few_and_of_one_generation() -> None:
    idle = IdleConnections(most=2)
    streams = []
    for _ in range(3):
        streams.append(Script([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]))
        connection = Connection(streams[-1], generation=1)
        await connection.send(GET)
        await connection.read_body(5)
        await idle.put(connection, 1)
    assert [stream.closed for stream in streams] == [True, False, False]
    assert await idle.take(2) is None
    assert all(stream.closed for stream in streams)
