"""What goes on in the fleet. One file per scenario; it exports ``SCENARIO``.

A scenario chooses what is wrong from the start (``prepare``, called on each cluster when its world has been
laid out) and what keeps happening (``steps``, called again and again while the demo runs). All its chances
come from ``cluster.random``, so that a seed repeats them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from backend.demo.controllers.plane import ControlPlane


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a scenario file provides."""

    name: str
    summary: str
    prepare: Callable[[ControlPlane, int], None]
    """Called with a cluster's control plane and the cluster's number in the fleet (from 0)."""
    step: Callable[[ControlPlane], None]
    """One small thing that happens."""
    every: tuple[float, float] = (8.0, 25.0)
    """Seconds between two steps of one cluster: at least, at most."""


class UnknownScenario(LookupError):
    """No file of that name."""


def scenarios() -> dict[str, Scenario]:
    """Every scenario in this folder, by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        held = getattr(importlib.import_module(f"{__name__}.{module.name}"), "SCENARIO", None)
        if isinstance(held, Scenario):
            found[held.name] = held
    return found


def scenario(name: str) -> Scenario:
    """One scenario; raises UnknownScenario with the names there are."""
    known = scenarios()
    if name not in known:
        raise UnknownScenario(f"there is no scenario {name!r}; there are: {', '.join(sorted(known))}")
    return known[name]
