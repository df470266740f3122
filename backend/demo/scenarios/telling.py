"""Carries a scenario out on one cluster: what has happened before, then what happens while the demo runs."""

from __future__ import annotations

import time

from backend.demo.controllers.plane import ControlPlane
from backend.demo.scenarios.acts.happening import Happening, pauses, seconds_of
from backend.demo.scenarios.reading import Scenario


def prepare(plane: ControlPlane, scenario: Scenario, number: int) -> None:
    """Let everything happen that lies before the start, the oldest first, and settle after each."""
    cluster = plane.engine.cluster
    for happening in sorted(_mine(plane, scenario, number), key=lambda one: seconds_of(one.at)):
        before = seconds_of(happening.at)
        if before >= 0:
            break
        cluster.moment = time.time() + before
        try:
            happening.happen(plane)
            plane.engine.settle()
        finally:
            cluster.moment = None
    plane.engine.settle()


def follow(plane: ControlPlane, scenario: Scenario, number: int) -> None:
    """Set the timers of everything that is still to happen, in the cluster's time."""
    for happening in _mine(plane, scenario, number):
        if seconds_of(happening.at) >= 0:
            _later(plane, happening, seconds_of(happening.at) + (_pause(plane, happening) or 0.0))


def _later(plane: ControlPlane, happening: Happening, seconds: float) -> None:
    def act() -> None:
        if (pause := _pause(plane, happening)) is not None:
            _later(plane, happening, pause)
        happening.happen(plane)

    plane.engine.later(seconds, act)


def _pause(plane: ControlPlane, happening: Happening) -> float | None:
    return plane.engine.cluster.random.uniform(*pauses(happening.every)) if happening.every else None


def _mine(plane: ControlPlane, scenario: Scenario, number: int) -> list[Happening]:
    name = plane.engine.cluster.name
    return [happening for happening in scenario.story if happening.concerns(name, number)]
