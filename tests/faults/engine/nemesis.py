"""Campaigns for tests: which troubles, and which seeded bug if any."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from blockengine.verify import nemesis
from blockengine.verify.campaign import Campaign, Load, Report
from blockengine.verify.judge import Violation
from blockengine.verify.nemesis import Trouble, trouble
from blockengine.verify.rig import PROGRAM, Rig, Shape
from tests.faults.engine.planted import BUGS


def provoking(bug: str) -> tuple[tuple[Trouble, ...], bool]:
    """The troubles under which a bug shows, and whether they need faulty disks."""
    if bug in ("read without lease", "one lease number for all voters", "lease ignored by voters"):
        return (nemesis.split,), False
    if bug == "requests of old sessions":
        return (nemesis.swallow,), False
    if bug in ("restarted member as source", "flush answered by nobody"):
        return (nemesis.kill_with_controller, nemesis.blackout, nemesis.kill_two), True
    if bug == "settle left out":
        return (nemesis.kill_unheard,), False
    return (nemesis.kill_voter,), False


async def campaign(
    kinds: Sequence[Trouble],
    load: Load,
    *,
    seed: int,
    shape: Shape | None = None,
    disks: bool = False,
    bug: str = "",
) -> Report:
    """Play one, healing included; a violation found is in the report."""
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    shape = shape or Shape(block_size=512 if disks else 4096)
    program = (sys.executable, "-m", "tests.faults.engine.planted", bug) if bug else PROGRAM
    rig = Rig(folder, shape, faulty=disks, program=program)
    played = Campaign(rig, load, seed)
    try:
        await rig.create()
        report = await played.play(trouble(kinds, pause=0.2 if bug else 0.5))
        if not report.violation:
            try:
                await played.heal()
            except Violation as violation:
                report.violation = f"after healing: {violation}"
    finally:
        await rig.close()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return report


async def find(bug: str, *, seed: int, operations: int = 40_000) -> Report:
    """Play a bug until it is found, or `operations` have been judged."""
    kinds, disks = provoking(bug)
    units, longest = (1024, 8) if disks else (128, 4)
    load = Load(operations=operations, units=units, longest=longest, flushes=0.05)
    return await campaign(kinds, load, seed=seed, disks=disks, bug=bug)


def main() -> None:
    """Print what it takes to find each bug."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bugs", nargs="*", default=list(BUGS))
    parser.add_argument("--seed", type=int, default=1)
    for bug in (chosen := parser.parse_args()).bugs:
        began = time.monotonic()
        report = uvloop.run(find(bug, seed=chosen.seed))
        took = time.monotonic() - began
        print(f"| {bug} | {report.operations} | {took:.0f} s | {report.violation or 'MISSED'}", flush=True)


if __name__ == "__main__":
    main()
