from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest

from blockengine.replica import merging


@pytest.fixture(autouse=True)
def small_steps() -> Iterator[None]:
    """Merges of a few blocks take every way that those of many do."""
    with (
        mock.patch.object(merging, "SMALL", 3),
        mock.patch.object(merging, "_PIECE", 2),
        mock.patch.object(merging, "_NOTED", 4),
    ):
        yield
