"""Run both models and print what was explored, and how soon each seeded bug is found.

python -m tests.faults.model [--deep] [--runs N]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from tests.faults.model.data import Profile, Run
from tests.faults.model.explore import Explored, explore
from tests.faults.model.scenarios import DEEP, PLANTED, SCENARIOS
from tests.faults.model.seeded import DATA, RECORDS, Seeded

LIMIT, DEEP_LIMIT = 1_000_000, 12_000_000


@dataclass(frozen=True)
class Sampled:
    """Outcome of many random schedules: how many ran, and the first that broke a promise."""

    runs: int
    seed: int | None = None
    violation: str = ""
    acknowledged: int = 0
    terms: int = 0


def sample(profile: Profile, *, runs: int, first: int = 0) -> Sampled:
    """Play schedules with rising seeds until one breaks a promise."""
    acknowledged = terms = 0
    for seed in range(first, first + runs):
        run = Run(seed, profile).play()
        acknowledged, terms = acknowledged + run.acknowledged, terms + run.terms
        if run.violation:
            return Sampled(seed - first + 1, seed, run.violation, acknowledged, terms)
    return Sampled(runs, acknowledged=acknowledged, terms=terms)


def find_in_records(bug: Seeded) -> Explored:
    """Explore the bug's scenario with the bug planted."""
    with bug.planted():
        return explore((SCENARIOS | PLANTED)[bug.scenario], limit=LIMIT)


def find_in_data(bug: Seeded, *, runs: int) -> Sampled:
    """Play schedules with the bug planted."""
    with bug.planted():
        return sample(bug.profile, runs=runs)


def profiles() -> dict[str, Profile]:
    """Every kind of trouble that a schedule may be made of."""
    scripts = {bug.name: bug.profile for bug in DATA if bug.profile != Profile()}
    blackout = Profile(troubles=("blackout", "power", "controller"), flushes=0.3, writes=0.4)
    return {"any trouble": Profile(), "blackouts": blackout} | {
        f"the trouble that shows '{name}'": profile for name, profile in scripts.items()
    }


def main() -> int:
    """Print the tables; the exit status says whether everything is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.model", description=__doc__)
    parser.add_argument("--deep", action="store_true", help="larger bounds: hours and many gigabytes")
    parser.add_argument("--runs", type=int, default=0, help="schedules per kind of trouble")
    chosen = parser.parse_args()
    runs = chosen.runs or (20_000 if chosen.deep else 500)
    wrong = 0
    print("records: every reachable state")
    for scenario in (SCENARIOS | (DEEP if chosen.deep else {})).values():
        seen = explore(scenario, limit=DEEP_LIMIT if chosen.deep else LIMIT, trace=not chosen.deep)
        whole = "all" if seen.complete else "bounded"
        print(
            f"  {seen.scenario:<28} {seen.states:>10,} states ({whole}), "
            f"depth {seen.depth:>2}, {seen.seconds:.1f} s"
        )
        wrong += bool(seen.violation) or not (seen.complete or chosen.deep)
        _tell(seen.violation, seen.trace)
    print(f"data: {runs} schedules for each kind of trouble")
    for name, profile in profiles().items():
        sampled = sample(profile, runs=runs)
        print(f"  {name}: {sampled.acknowledged:,} writes acknowledged, {sampled.terms:,} take-overs")
        wrong += bool(sampled.violation)
        _tell(sampled.violation and f"seed {sampled.seed}: {sampled.violation}", [])
    print("seeded bugs")
    for bug in RECORDS:
        seen = find_in_records(bug)
        print(f"  {bug.name:<50} {'found after' if seen.violation else 'MISSED in'} {seen.states:>8,} states")
        wrong += not seen.violation
    for bug in DATA:
        sampled = find_in_data(bug, runs=max(runs, 5000))
        print(
            f"  {bug.name:<50} {'found after' if sampled.violation else 'MISSED in'} {sampled.runs:>8,} runs"
        )
        wrong += not sampled.violation
    return 1 if wrong else 0


def _tell(violation: str, trace: list[str]) -> None:
    if violation:
        print(f"    BROKEN: {violation}")
        for step in trace:
            print(f"      {step}")


if __name__ == "__main__":
    sys.exit(main())
