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
_SHARE = 0.05


def measure(place: Place) -> list[Line]:
    """Lines: acts done, and what memory, descriptors and tasks grew by from the third quarter to the last."""
    command = [sys.executable, "-m", "tests.bench.soak", "--minutes", str(_MINUTES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MINUTES * 60 + 300, check=False)
    if not done.stdout:
        raise Failed((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    said = json.loads(done.stdout)
    grown, memory = said["grown"], said["memory"][-1]
    acts = sum(said["acts"].values())
    share = grown["memory"] <= _SHARE * memory
    return [
        Line(f"{acts} acts, {said['requests']} requests, {said['rests']} locks: memory", megabytes(memory)),
        Line("… grown by", megabytes(grown["memory"]), goal=f"≤ {_SHARE:.0%}", met=share),
        *(
            Line(f"… more {what}", f"{grown[what]:.0f}", goal="none", met=grown[what] <= 0)
            for what in ("descriptors", "tasks", "threads")
        ),
        Line("… types with more objects", str(len(grown["objects"])), goal="none", met=not grown["objects"]),
    ]
