"""A few minutes of a day of restarts: what the console shows stays true, and nothing of it is left behind.

The whole of it, with memory, is ``python -m tests.bench.soak``.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


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
