"""The bounds within which the records model is explored in full."""

from __future__ import annotations

from blockengine.membership.record import Epoch
from tests.faults.model.world import Scenario

_FIRST, _SECOND, _THIRD = Epoch(0, 1), Epoch(1, 1), Epoch(1, 2)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("removal", 2, (2, 1), (_FIRST, _SECOND)),
        Scenario("removal by the successor", 2, (1, 2), (_FIRST, _SECOND)),
        Scenario("promotion", 2, (2, 1), (_FIRST, _SECOND), absent=("C",), promotes=True, removes=False),
        Scenario("lost state", 1, (2, 2), (_FIRST, _SECOND), absent=("B",), losses=1),
        Scenario("voters", 1, (2, 1), (_FIRST, _SECOND), removes=False, votes=True),
        Scenario("interrupted removal", 1, (1, 1), (_FIRST, _SECOND, _THIRD), interrupted=True),
        Scenario("restarts", 2, (1, 1), (_FIRST, _SECOND), removes=False, restarts=True),
    )
}

# Only the seeded bugs need these.
PLANTED = {
    scenario.name: scenario
    for scenario in (
        Scenario("nothing forgotten", 2, (2, 1), (_FIRST, _SECOND), forgets=False),
        Scenario("reused id", 2, (1, 2, 2), (_FIRST, _SECOND, _SECOND)),
    )
}

DEEP = {
    scenario.name: scenario
    for scenario in (
        Scenario("both remove", 2, (2, 2), (_FIRST, _SECOND)),
        Scenario("sessions apart", 2, (2, 1), (_FIRST, _SECOND), opens_apart=True),
        Scenario("three controllers", 2, (2, 1, 1), (_FIRST, _SECOND, _THIRD)),
        Scenario("interrupted, then removals", 2, (2, 2), (_FIRST, _SECOND, _THIRD), interrupted=True),
        Scenario("a fourth voter", 2, (2, 1), (_FIRST, _SECOND), voters=("A", "B", "C", "D"), votes=True),
        Scenario("lost state, promotion", 2, (3, 2), (_FIRST, _SECOND), losses=1, promotes=True),
    )
}
