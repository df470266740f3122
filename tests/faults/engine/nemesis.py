"""Campaigns for tests: which troubles, and which seeded bug if any."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvloop

from blockengine.verify import nemesis
from blockengine.verify.campaign import Campaign, Load, Report
from blockengine.verify.judge import Violation
from blockengine.verify.nemesis import Trouble, trouble
from blockengine.verify.rig import PROGRAM, Rig, Shape
from tests.faults.engine.planted import BUGS


@dataclass(frozen=True)
class Provoked:
    """What makes a bug show: troubles, whether disks must be faulty, the volume and the load."""

    kinds: tuple[Trouble, ...]
    disks: bool = False
    shape: Shape = field(default_factory=Shape)
    load: Load = field(default_factory=lambda: Load(units=128, flushes=0.05))
    pause: float = 0.2
    """Seconds between troubles, on average."""


_SPLIT = Provoked((nemesis.split,))
# The old lease must still stand when the successor serves.
_LONG_LEASE = Provoked((nemesis.split,), shape=Shape(lease=20_000))
_POWER = Provoked(
    (nemesis.kill_with_controller, nemesis.blackout, nemesis.kill_two),
    disks=True,
    shape=Shape(block_size=512),
    load=Load(units=1024, longest=8, flushes=0.05),
)
# Few writes to many regions, so that an absence does not mark them all.
_MANY_REGIONS = Provoked(
    (nemesis.kill_voter,), shape=Shape(region=65536), load=Load(units=1024, workers=3, flushes=0.05)
)
# The same, and time for a replica to come back whole, or so it believes, before the next one goes: without
# snapshots, which make that long.
_WHOLE_AGAIN = Provoked(
    (nemesis.kill_voter,),
    shape=Shape(size=64 << 20, region=65536),
    load=Load(units=1024, longest=1, workers=3, flushes=0.05, snapshots=1e6, writes=0.3),
    pause=2.5,
)
_MANY_SNAPSHOTS = Provoked((nemesis.kill_voter,), load=Load(units=256, snapshots=0.3))
# A restore that takes a while, and controllers that die.
_RESTORES = Provoked(
    (nemesis.kill_controller, nemesis.kill_controller_that_restores),
    load=Load(units=256, snapshots=0.2, restores=0.12, writes=0.7),
)
PROVOKING = {
    "read without lease": _SPLIT,
    "one lease number for all voters": _SPLIT,
    "lease ignored by voters": _LONG_LEASE,
    "requests of old sessions": Provoked((nemesis.deliver_late,)),
    "restarted member as source": _POWER,
    "flush answered by nobody": _POWER,
    "settle left out": Provoked((nemesis.kill_unheard,)),
    "logs read before joining": _WHOLE_AGAIN,
    "missed logs not marked": _MANY_REGIONS,
    "changes go on during a cut": _MANY_SNAPSHOTS,
    "half a restore served by the next controller": _RESTORES,
    "a restore that copies a part": _RESTORES,
    "a cancelled restore that copies nothing back": Provoked(
        (nemesis.swallow,), load=Load(units=256, snapshots=0.1, restores=0.3, writes=0.7), pause=5
    ),
    # Read where it is, written nowhere else, and then another controller serves.
    "no block locks": Provoked(
        (nemesis.split, nemesis.isolate, nemesis.kill_unheard), load=Load(units=64, flushes=0.05)
    ),
}
_OUTAGES = Provoked((nemesis.kill_voter,))


async def campaign(
    kinds: Sequence[Trouble],
    load: Load,
    *,
    seed: int,
    shape: Shape | None = None,
    disks: bool = False,
    bug: str = "",
    pause: float = 0.5,
) -> Report:
    """Play one, healing included; a violation found is in the report."""
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    shape = shape or Shape(block_size=512 if disks else 4096)
    program = (sys.executable, "-m", "tests.faults.engine.planted", bug) if bug else PROGRAM
    rig = Rig(folder, shape, faulty=disks, program=program)
    played = Campaign(rig, load, seed)
    try:
        await rig.create()
        report = await played.play(trouble(kinds, pause=pause))
        if not report.violation:
            try:
                await played.heal()
            except Violation as violation:
                report.violation = f"after healing: {violation}"
    finally:
        await rig.close()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return report


async def find(
    bug: str, *, seed: int, operations: int = 15_000, runs: int = 6, deadline: float = 600
) -> Report:
    """Play a bug, with one seed after the other, until it is found; the report counts all operations.

    Not found within `runs` campaigns of so many operations, or `deadline` seconds, its violation is empty.
    """
    provoked = PROVOKING.get(bug, _OUTAGES)
    load = replace(provoked.load, operations=operations)
    played = 0
    report = Report()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(deadline):
            for number in range(runs):
                report = await campaign(
                    provoked.kinds,
                    load,
                    seed=seed + number,
                    shape=provoked.shape,
                    disks=provoked.disks,
                    bug=bug,
                    pause=provoked.pause,
                )
                played += report.operations
                if report.violation:
                    break
    report.operations = played
    return report


def main() -> None:
    """Print what it takes to find each bug; 1 if one was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bugs", nargs="*", default=list(BUGS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deadline", type=float, default=600, help="seconds for each bug")
    missed = 0
    for bug in (chosen := parser.parse_args()).bugs:
        began = time.monotonic()
        report = uvloop.run(find(bug, seed=chosen.seed, deadline=chosen.deadline))
        took = time.monotonic() - began
        missed += not report.violation
        print(f"| {bug} | {report.operations} | {took:.0f} s | {report.violation or 'MISSED'}", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
