from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.blockengine.local.running import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    running.start()
    yield running
    running.close()
