"""Fixtures of the console's tests: a frozen clock, UTC, and a terminal everybody agrees on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from console.application import NavarchApp
from console.terminal.traits import Traits
from tests.ui.double import SessionDouble


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def open_app() -> Callable[..., NavarchApp]:
    """Makes an app on a session; ``traits`` default to a good local terminal."""

    def make(
        session: SessionDouble | None = None, *, traits: Traits | None = None, **options: Any
    ) -> NavarchApp:
        return NavarchApp(session or SessionDouble(), traits=traits or Traits(), **options)  # type: ignore[arg-type]

    return make
