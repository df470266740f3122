"""A fleet of one simulated cluster to act on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.fleet.fleet import Fleet
from tests.fleet.acts.acting import opened
from tests.fleet.running_demo import Demo


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with await opened(demo) as one:
        yield one
