"""What tests of the topology may use: a calm fleet, read into graphs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from tests.fleet.running_demo import Demo, running_demo


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(demo.kubeconfig)[0]) as opened:
        yield opened
