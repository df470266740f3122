"""What processes of the data path keep."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

AT_ONCE, TIMES = 64, 20
_PROGRAM = f"""
import asyncio, resource
from blockengine.cli.running import run

async def take_and_give_back():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range({TIMES}):
        payloads = [bytearray(128 * 1024) for _ in range({AT_ONCE})]
        del payloads
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(run(take_and_give_back()))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="this C library has no mallopt")
def test_the_memory_of_payloads_serves_the_next_ones() -> None:
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    # Every payload has 32 pages. They are taken once, not each time anew.
    assert int(done.stdout) < 2 * 32 * AT_ONCE
