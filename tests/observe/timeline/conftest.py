"""What tests of events may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet.running_demo import Demo, running_demo


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running
