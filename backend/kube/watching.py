"""A watch's answer as batches of lines, with the guard against connections that died without a word (R18)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from backend.kube.caller import Answer, Call
from backend.kube.errors import DeadlineExceeded
from backend.kube.lines import LineSplitter

SILENCE = 150.0
"""Seconds without a byte after which a watch with bookmarks (one a minute) is taken for dead."""


async def lines_of(
    answer: Answer, call: Call, *, cluster: str, silence: float = SILENCE
) -> AsyncGenerator[list[bytes], None]:
    """The complete lines of each chunk as it arrives; a last line without its end was cut off and is dropped.

    Raises DeadlineExceeded after ``silence`` seconds without a byte, Unreachable when the connection breaks.
    """
    splitter = LineSplitter()
    async with aclosing(answer.chunks(cap=None)) as chunks:
        while True:
            try:
                async with asyncio.timeout(silence):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise DeadlineExceeded(
                    cluster,
                    f"{call.what}: the stream was silent for {silence:g} s; the connection is half open",
                ) from None
            if chunk is None:
                return
            if lines := splitter.feed(chunk):
                yield lines
