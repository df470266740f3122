"""Real processes under load and trouble; every answer is judged, and members compared by reading on.

`python -m blockengine verify --operations 1000000` is the long form; `python -m
tests.faults.engine.nemesis` tells what it takes to find every seeded bug.
"""

from __future__ import annotations

import pytest
import uvloop

from blockengine.verify.campaign import Load
from blockengine.verify.nemesis import DISKS, PROCESSES, kill_controller_that_restores
from blockengine.verify.rig import Shape
from tests.faults.engine.nemesis import campaign, find

# Machines that run tests are shared: what takes seconds alone may take minutes.
pytestmark = pytest.mark.timeout(400)

BLOCKS = Load(operations=8000, restores=0.12)
SECTORS = Load(operations=8000, units=1024, longest=8)
WITNESS = Shape(replicas=2, witness=True, block_size=512)
# Those that take more than half a minute to find are left to the long form.
QUICK = (
    "read without lease",
    "settle left out",
    "missed logs not marked",
    "writes pass a joining replica by",
    "changes go on during a cut",
    "missed snapshots not filled",
    "half a restore served by the next controller",
    "a restore that copies a part",
    "a cancelled restore that copies nothing back",
)


def test_three_replicas_keep_every_promise() -> None:
    report = uvloop.run(campaign((*PROCESSES, kill_controller_that_restores), BLOCKS, seed=1))
    assert not report.violation
    assert report.operations >= BLOCKS.operations
    assert report.troubles


def test_disks_that_lose_power_fill_up_and_fail_take_no_promise_with_them() -> None:
    report = uvloop.run(campaign(DISKS, SECTORS, seed=2, disks=True))
    assert not report.violation
    assert report.operations >= SECTORS.operations


def test_two_replicas_and_a_witness_keep_every_promise() -> None:
    report = uvloop.run(campaign(PROCESSES, SECTORS, seed=3, shape=WITNESS))
    assert not report.violation
    assert report.operations >= SECTORS.operations


@pytest.mark.parametrize("bug", QUICK)
def test_a_bug_put_into_the_engine_is_found(bug: str) -> None:
    report = uvloop.run(find(bug, seed=1))
    print(f"{bug}: {report.violation or 'missed'} after {report.operations} operations")
    assert report.violation
