"""What the console does first: it is on the screen before the fleet costs anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import console.application
from console.application import NavarchApp
from tests.ui.double import SessionDouble
from tests.ui.seeing import see, until

Open = Callable[..., NavarchApp]
LEARNT = """
import sys
from console.application import NavarchApp
from console.screens.fleet import FleetScreen
print(*(name for name in sys.modules if name in {"backend.kube.client", "backend.kube.transport", "h11"}))
"""


async def test_the_fleet_is_made_after_the_first_picture(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictured: list[Callable[[], object]] = []
    monkeypatch.setattr(console.application, "_UNPICTURED", 3600.0)
    monkeypatch.setattr(NavarchApp, "call_after_refresh", lambda app, call: pictured.append(call))
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "NAVARCH")
        for _ in range(100):
            await pilot.pause()
        assert app.fleet_now is None
        for call in pictured:
            call()
        await see(pilot, "3 clusters")


async def test_a_terminal_that_takes_no_picture_keeps_no_fleet_waiting(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.application, "_UNPICTURED", 0.01)
    monkeypatch.setattr(NavarchApp, "call_after_refresh", lambda app, call: True)
    app = open_app(SessionDouble())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.fleet_now is not None)


def test_the_first_picture_needs_no_client() -> None:
    said = subprocess.run(
        [sys.executable, "-c", LEARNT], capture_output=True, text=True, timeout=100, check=True
    )
    assert said.stdout.split() == []
