"""`verify`: put a scratch volume under load and trouble, and judge every answer."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from blockengine.verify.campaign import Campaign, Load, Report
from blockengine.verify.judge import Violation
from blockengine.verify.nemesis import DISKS, PROCESSES, kill_controller_that_restores, trouble
from blockengine.verify.rig import Rig, Shape, Stuck


def add(commands: Any) -> None:
    """Add `verify` to the command line."""
    parser = commands.add_parser("verify", help="judge the engine: a scratch volume under load and trouble")
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replicas", type=int, choices=(2, 3), default=3, help="2 get a witness")
    parser.add_argument("--block-size", type=int, choices=(512, 4096), default=4096)
    parser.add_argument("--disks", action="store_true", help="power losses, full and failing disks")
    parser.add_argument(
        "--restores",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="take it back to snapshots, too, now and then",
    )
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between troubles, on average")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one if not given")
    parser.add_argument("--events", action="store_true", help="print what the controllers said")
    parser.set_defaults(run=_run, directory="verify")


def _run(chosen: argparse.Namespace) -> int:
    import uvloop

    with tempfile.TemporaryDirectory(prefix="navarch-verify-", dir=chosen.folder) as folder:
        report = uvloop.run(verify(chosen, Path(folder)))
    _print(report, events=chosen.events)
    return 1 if report.violation else 0


async def verify(chosen: argparse.Namespace, folder: Path) -> Report:
    """Play one campaign. Raises: Stuck if a process does not do what it must."""
    # A power loss of all members may tear a block that was not flushed, but no sector of it.
    block_size = 512 if chosen.disks else chosen.block_size
    shape = Shape(chosen.replicas, witness=chosen.replicas == 2, block_size=block_size)
    rig = Rig(folder, shape, faulty=chosen.disks)
    load = Load(operations=chosen.operations, restores=0.12 if chosen.restores else 0)
    if block_size == 512:
        load = replace(load, units=1024, longest=8)
    campaign = Campaign(rig, load, chosen.seed)
    kinds = DISKS if chosen.disks else PROCESSES
    kinds += (kill_controller_that_restores,) if chosen.restores else ()
    try:
        await rig.create()
        report = await campaign.play(trouble(kinds, pause=chosen.pause))
        if not report.violation:
            try:
                await campaign.heal()
            except (Violation, Stuck) as error:
                report.violation = f"after healing: {error}"
    finally:
        await asyncio.shield(rig.close())
    return report


def _print(report: Report, *, events: bool) -> None:
    if events:
        for line in report.events:
            print(line)
    rate = report.operations / max(report.seconds, 0.001)
    print(f"operations judged  {report.operations} in {report.seconds:.1f} s ({rate:.0f} a second)")
    print(f"terms              {report.terms} controllers served, {report.power_losses} after all lost power")
    print(f"refused            {report.refused}")
    print(f"snapshots          {report.snapshots} taken, each read again and again")
    print(f"restores           {report.restores} to one of them, {report.cancelled} more were cancelled")
    told = ", ".join(f"{name} {count}" for name, count in sorted(report.troubles.items()))
    print(f"troubles           {told or 'none'}")
    print(f"violations         {report.violation or 'none'}")
