"""A day of restarts in some minutes: what is left behind while views, servers and locks come and go.

Longer: ``python -m tests.bench.soak --minutes 60``.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.bench.bench import Place
from tests.bench.measure import Failed
from tests.bench.table import Line, megabytes

_MINUTES = 5


def measure(place: Place) -> list[Line]:
    """Lines: acts done, and whether memory, descriptors, tasks or objects grow with the restarts."""
    command = [sys.executable, "-m", "tests.bench.soak", "--minutes", str(_MINUTES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MINUTES * 60 + 300, check=False)
    if not done.stdout:
        raise Failed((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    said = json.loads(done.stdout)
    acts, adds = sum(said["acts"].values()), said["a day adds"]
    restarts, memory = said["restarts"][-1], said["memory"][-1]
    lines = [
        Line(f"{acts} acts, {restarts} restarts, {said['rests']} locks: memory", megabytes(memory)),
        Line("… verdict on the second half", said["verdict"], goal="flat", met=said["flat"]),
    ]
    if "memory" in adds:
        lines.append(Line("… a day of restarts adds at most", megabytes(adds["memory"]["at most"])))
    return lines
