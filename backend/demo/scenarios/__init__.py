"""What goes on in the fleet: one YAML file per scenario, read by reading.py and carried out by telling.py."""

from __future__ import annotations

from backend.demo.scenarios.reading import (
    BadScenario,
    Scenario,
    UnknownScenario,
    scenario,
    scenarios,
)

__all__ = ["BadScenario", "Scenario", "UnknownScenario", "scenario", "scenarios"]
