"""Streaming decompression that can't be made to swallow the memory (a 10 MB body can hold 10 GB of zeros)."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

PIECE = 1024 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class BodyTooLarge(Exception):
    """The body outgrew its cap after decompression."""

    def __init__(self, cap: int) -> None:
        super().__init__(f"more than {cap} bytes")
        self.cap = cap


class CorruptBody(Exception):
    """The body is not the gzip stream its header announced, or it stops in its middle."""


async def plain(
    chunks: AsyncIterator[bytes], *, encoding: str, cap: int | None
) -> AsyncGenerator[bytes, None]:
    """The body's bytes, decompressed in pieces of at most 1 MiB, as the Content-Encoding, ``encoding``, says.

    ``cap``: total bytes allowed; None for endless streams, whose reader bounds each line instead.
    Raises BodyTooLarge, CorruptBody.
    """
    encoding = encoding.strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise CorruptBody(f"unknown Content-Encoding {encoding[:40]!r}")
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding not in {"", "identity"} else None
    taken = 0
    async for chunk in chunks:
        for piece in _inflate(inflater, chunk) if inflater else (chunk,):
            taken += len(piece)
            if cap is not None and taken > cap:
                raise BodyTooLarge(cap)
            yield piece
    if inflater is not None and taken and not inflater.eof:
        raise CorruptBody("the gzip stream stops in its middle")


def _inflate(inflater: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    pending = chunk
    while pending and not inflater.eof:
        try:
            piece = inflater.decompress(pending, PIECE)
        except zlib.error as error:
            raise CorruptBody(str(error)) from None
        pending = inflater.unconsumed_tail
        if piece:
            yield piece
