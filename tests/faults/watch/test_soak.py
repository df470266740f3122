"""A few minutes of a day of restarts: what the console shows stays true, and nothing of it is left behind.

The whole of it, with memory, is ``python -m tests.bench.soak``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from tests.bench.soak.footprint import Footprint
from tests.bench.soak.trend import growth


@pytest.mark.timeout(400)
def test_views_servers_and_locks_come_and_go_and_leave_nothing_behind() -> None:
    """Each rest checks that all rows are the servers' and that no watch outlives the lock."""
    command = [sys.executable, "-m", "tests.bench.soak", "--rests", "3", "--clusters", "2", "--pods", "30"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=390, check=False)
    assert done.stdout, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert said["acts"]["lock"] == 3
    first, *_, last = said["descriptors"]
    assert last <= first
    first, *_, last = said["tasks"]
    assert last <= first


def measured(*, per_restart: float, rests: int, noise: int = 2_000_000) -> list[Footprint]:
    """Rests with four restarts between each; noise as an allocator makes it, in steps."""
    dice = random.Random(1)
    none: Counter[str] = Counter()
    return [
        Footprint(
            restarts=4 * n,
            memory=int(90e6 + per_restart * 4 * n + dice.randrange(noise)),
            blocks=500_000 + dice.randrange(2_000),
            heap=30_000_000 + dice.randrange(200_000),
            descriptors=12,
            tasks=15,
            threads=2,
            objects=none,
        )
        for n in range(rests)
    ]


def test_the_judge_tells_a_leak_from_noise_and_does_not_judge_too_early() -> None:
    assert growth(measured(per_restart=0, rests=80)).verdict == "flat"
    leaking = growth(measured(per_restart=60_000, rests=80))  # 17 MB a day
    assert leaking.verdict == "grows: memory"
    assert 50_000 < leaking.memory.slope < 70_000
    assert growth(measured(per_restart=0, rests=10)).verdict.startswith("too short to say: memory")
    assert not growth(measured(per_restart=0, rests=10)).flat


def test_the_judge_tells_of_one_more_task_though_memory_is_flat() -> None:
    seen = measured(per_restart=0, rests=80)
    seen[-20:] = [replace(one, tasks=16, objects=Counter({"console.Screen": 3})) for one in seen[-20:]]
    assert growth(seen).verdict == "grows: tasks, console.Screen"
