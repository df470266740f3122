"""Fixtures of the console's tests: a frozen clock, UTC, and a terminal everybody agrees on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backend.observe.logs.merge import Merger
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
def patient_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a log may be opened later than its neighbours would be waited for: none is late."""
    usual = Merger.__init__.__kwdefaults__
    assert usual is not None
    monkeypatch.setitem(usual, "window", 1.0)
    monkeypatch.setitem(usual, "opening", 30.0)


@pytest.fixture
def open_app() -> Callable[..., NavarchApp]:
    """Makes an app on a session; ``traits`` default to a good local terminal."""

    def make(
        session: SessionDouble | None = None, *, traits: Traits | None = None, **options: Any
    ) -> NavarchApp:
        return NavarchApp(session or SessionDouble(), traits=traits or Traits(), **options)  # type: ignore[arg-type]

    return make
