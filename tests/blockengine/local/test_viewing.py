"""A volume's health in one word, by what its controller says: states too short to be met by chance."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from blockengine.local.viewing import health


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("settling", "starting"),
        ("filling", "starting"),
        ("restoring", "restoring"),
        ("withheld", "failed"),
        ("waiting", "suspended"),
    ],
)
def test_what_a_controller_is_doing_is_its_volume_s_health(state: str, word: str) -> None:
    volume: Any = SimpleNamespace(status=SimpleNamespace(state=state), controller=None, lineages=("one",))
    assert health(volume, []) == word
