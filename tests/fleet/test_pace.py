"""How often a live table hands out batches: as asked for, and not more than their reader can show."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import pytest

from backend.fleet.query import Query
from backend.fleet.table import LiveTable
from backend.kube.admission import Admission


@pytest.mark.parametrize(("showing", "pause"), [(0.0, 0.1), (0.05, 0.1), (0.75, 0.75)])
async def test_who_takes_long_to_show_a_batch_has_the_next_one_later(
    monkeypatch: pytest.MonkeyPatch, showing: float, pause: float
) -> None:
    now, slept = [1000.0], []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    table = LiveTable([], Query(kind="pods"), admission=Admission(), interval=0.1)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(asyncio, "sleep", noted)
    async with aclosing(table.batches()) as batches:
        async for _ in batches:
            now[0] += showing
            table._something.set()
            if len(slept) == 3:
                break
    assert slept == [pytest.approx(pause)] * 3
