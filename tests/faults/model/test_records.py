from __future__ import annotations

import pytest

from tests.faults.model.__main__ import LIMIT, find_in_records
from tests.faults.model.explore import explore
from tests.faults.model.scenarios import SCENARIOS
from tests.faults.model.seeded import RECORDS, Seeded
from tests.faults.model.world import Scenario


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_no_order_of_messages_breaks_a_promise(scenario: Scenario) -> None:
    seen = explore(scenario, limit=LIMIT)
    print(f"{scenario.name}: {seen.states} states, depth {seen.depth}, {seen.seconds:.1f} s")
    assert not seen.violation, "\n".join([seen.violation, *seen.trace])
    assert seen.complete
    # A model in which nothing happens keeps every promise.
    assert seen.reached.get("controller 1 served after a take-over")
    assert not scenario.promotes or seen.reached.get("a resync finished")


@pytest.mark.parametrize("bug", RECORDS, ids=lambda bug: bug.name)
def test_a_seeded_bug_in_records_is_found(bug: Seeded) -> None:
    seen = find_in_records(bug)
    print(f"{bug.name}: {seen.violation or 'missed'} after {seen.states} states")
    assert seen.violation
