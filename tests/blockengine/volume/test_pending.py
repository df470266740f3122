"""Answers that come later."""

from __future__ import annotations

import asyncio

import pytest

from blockengine.volume.pending import Pending


async def test_whoever_awaits_gets_the_answer() -> None:
    early: Pending[int] = Pending()
    early.set_result(1)
    assert await early == 1
    late: Pending[int] = Pending()
    waiting = asyncio.ensure_future(late)
    await asyncio.sleep(0)
    late.set_result(2)
    assert await waiting == 2


async def test_an_error_reaches_whoever_awaits() -> None:
    wrong: Pending[int] = Pending()
    waiting = asyncio.ensure_future(wrong)
    await asyncio.sleep(0)
    wrong.set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await waiting
    assert wrong.done()


async def test_who_gave_up_waiting_does_no_harm() -> None:
    answer: Pending[int] = Pending()
    waiting = asyncio.ensure_future(answer)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    answer.set_result(3)
    assert answer.result() == 3


def test_several_are_called_in_order_and_late_ones_at_once() -> None:
    answer: Pending[int] = Pending()
    said: list[str] = []
    answer.then(lambda _: said.append("first"))
    answer.then(lambda _: said.append("second"))
    assert not said
    answer.set_result(4)
    answer.then(lambda got: said.append(f"late {got.result()}"))
    assert said == ["first", "second", "late 4"]
