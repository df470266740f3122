"""Blocks of a stream made fit to be taken in: small, and without what only a terminal makes use of."""

from __future__ import annotations

import re
from collections.abc import Iterator

PIECE = 32 * 1024
"""Bytes of a stream that are taken in before the loop gets its turn."""
_COLOURS = re.compile(rb"\x1b\[[0-9;:]{0,64}[mK]")


def pieces(block: bytes) -> Iterator[bytes]:
    """A block of whole lines in parts that hold nobody up; the block itself if it is small."""
    if len(block) <= PIECE:
        yield block
        return
    start = 0
    while start < len(block):
        end = block.find(b"\n", min(start + PIECE, len(block) - 1)) + 1
        yield block[start:end]
        start = end


def plain(block: bytes) -> bytes:
    """Lines without colours, and of a line that was written over (a progress bar) what it said last."""
    block = _COLOURS.sub(b"", block)
    if b"\r" not in block:
        return block
    return b"\n".join(_last_said(line) for line in block.split(b"\n"))


def _last_said(line: bytes) -> bytes:
    line = line.rstrip(b"\r")
    if b"\r" not in line:
        return line
    time_text = line[: line.find(b" ") + 1]
    return time_text + line.rpartition(b"\r")[2]
