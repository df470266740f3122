from __future__ import annotations

import pytest

from tests.faults.model.__main__ import find_in_data, profiles, sample
from tests.faults.model.data import Profile, Run
from tests.faults.model.seeded import DATA, Seeded

RUNS = 250


@pytest.mark.parametrize("profile", profiles().values(), ids=profiles().keys())
def test_random_schedules_keep_every_promise(profile: Profile) -> None:
    sampled = sample(profile, runs=RUNS)
    assert not sampled.violation, f"seed {sampled.seed}: {sampled.violation}"
    assert sampled.acknowledged > RUNS
    assert sampled.terms > RUNS


@pytest.mark.parametrize("bug", DATA, ids=lambda bug: bug.name)
def test_a_seeded_bug_in_data_is_found(bug: Seeded) -> None:
    sampled = find_in_data(bug, runs=5000)
    print(f"{bug.name}: {sampled.violation or 'missed'} after {sampled.runs} runs")
    assert sampled.violation


def test_a_seed_plays_the_same_again() -> None:
    first, second = Run(7).play(), Run(7).play()
    assert (first.schedule.now, first.acknowledged) == (second.schedule.now, second.acknowledged)
