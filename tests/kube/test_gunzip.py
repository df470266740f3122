from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from backend.kube.gunzip import PIECE, BodyTooLarge, CorruptBody, plain


async def chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(body: bytes, encoding: str, *, cap: int | None = None, size: int = 7) -> bytes:
    return b"".join([piece async for piece in plain(chunks(body, size), encoding=encoding, cap=cap)])


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("", bytes)]
)
async def test_bodies_come_out_whatever_their_encoding(encoding: str, pack: object) -> None:
    text = b"pods and more pods " * 1000
    assert await read(pack(text), encoding) == text  # type: ignore[operator]


async def test_a_bomb_is_stopped_at_its_cap_and_comes_in_small_pieces() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 60_000
    taken = 0
    stopped = False
    try:
        async for piece in plain(chunks(bomb, 65536), encoding="gzip", cap=10_000_000):
            taken += len(piece)
            assert len(piece) <= PIECE
    except BodyTooLarge:
        stopped = True
    assert stopped
    assert taken <= 10_000_000


async def test_a_plain_body_is_capped_too() -> None:
    with pytest.raises(BodyTooLarge):
        await read(b"x" * 100, "", cap=99)


@pytest.mark.parametrize(
    "body", [b"not gzip at all", gzip.compress(b"x" * 1000, mtime=0)[:-12], gzip.compress(b"x", mtime=0)[:-1]]
)
async def test_broken_or_cut_compression_is_noticed(body: bytes) -> None:
    with pytest.raises(CorruptBody):
        await read(body, "gzip")


async def test_an_encoding_nobody_asked_for_is_refused() -> None:
    with pytest.raises(CorruptBody, match="br"):
        await read(b"x", "br")
