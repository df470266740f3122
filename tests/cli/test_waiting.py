"""Rows of clusters that answered are printed while another has not said a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from console.cli.waiting import impatiently


@dataclass
class Named:
    id: str


@dataclass
class Piece:
    cluster: Any
    done: bool = False


def piece(name: str, *, done: bool = False) -> Piece:
    return Piece(Named(name), done)


async def test_what_is_there_is_flushed_while_a_cluster_is_silent() -> None:
    flushed = asyncio.Event()

    async def pieces() -> AsyncGenerator[Piece, None]:
        yield piece("quick")
        yield piece("quick", done=True)
        await flushed.wait()  # the silent one speaks only after the flush
        yield piece("slow", done=True)

    async with asyncio.timeout(20):
        found = [one.cluster.id async for one in impatiently(pieces(), flushed.set)]
    assert found == ["quick", "quick", "slow"]


@pytest.mark.parametrize("wait_for_all", [True, False])
async def test_nothing_is_flushed_while_a_cluster_that_spoke_is_not_done(
    wait_for_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.cli.waiting.GRACE", 0.0)
    flushed: list[int] = []
    asked = asyncio.Event()

    async def pieces() -> AsyncGenerator[Piece, None]:
        yield piece("one", done=True)
        if not wait_for_all:
            yield piece("two")
        asked.set()
        for _ in range(50):  # without any grace, a flush would come within a turn of the loop or two
            await asyncio.sleep(0)
        yield piece("two", done=True)

    async for _ in impatiently(pieces(), lambda: flushed.append(1), wait_for_all=wait_for_all):
        pass
    assert asked.is_set()
    assert not flushed


async def test_leaving_early_closes_the_pieces() -> None:
    closed = asyncio.Event()

    async def pieces() -> AsyncGenerator[Piece, None]:
        try:
            yield piece("one", done=True)
            await asyncio.Event().wait()
        finally:
            closed.set()

    found = impatiently(pieces(), lambda: None)
    await anext(found)
    await found.aclose()
    assert closed.is_set()
