"""How long ``navarch --version`` takes, beside an empty Python program: what every start pays."""

from __future__ import annotations

import sys

from tests.bench.bench import Place
from tests.bench.measure import alternate
from tests.bench.table import Line, seconds

GOAL = 0.2


def measure(place: Place) -> list[Line]:
    """One line: wall time against ``python -c pass``."""
    commands = {"ours": [*place.navarch, "--version"], "peer": [sys.executable, "-c", "pass"]}
    medians = alternate(commands, place.environment, place.folder, rounds=9)
    ours, peer = medians["ours"].wall, medians["peer"].wall
    return [
        Line(
            "navarch --version, against python -c pass",
            seconds(ours),
            seconds(peer),
            ours / peer,
            f"≤ {GOAL} s",
            ours <= GOAL,
        )
    ]
