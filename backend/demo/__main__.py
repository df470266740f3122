"""``python -m backend.demo``: serve a simulated fleet until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from backend.demo.faults import FaultError, FaultRule, help_text
from backend.demo.fleet import TEAM, VIEWER, DemoClusters
from backend.demo.parts import PartFailed, Parts, parts_of
from backend.demo.plan import Plan
from backend.demo.rundir import RunDir
from backend.demo.scenarios import BadScenario, UnknownScenario, scenario, scenarios

_MAX_CLUSTERS, _MAX_PODS = 300, 20_000


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backend.demo",
        description="Serve a simulated fleet on loopback. Prints one JSON line, then serves until SIGTERM.",
    )
    usual = Plan()
    known = "; ".join(f"{s.name}: {s.summary}" for s in scenarios().values())
    parser.add_argument("--clusters", type=int, help=f"how many (default {usual.clusters})")
    parser.add_argument("--pods", type=int, help=f"about so many in each (default {usual.pods})")
    parser.add_argument("--scenario", default=usual.scenario, help=f"what goes on, or a file ({known})")
    parser.add_argument("--seed", type=int, default=usual.seed, help="the same seed gives the same fleet")
    parser.add_argument(
        "--speed", type=float, default=usual.speed, help="how much faster than life things happen"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="[CLUSTERS:]FAULT[=VALUE],…",
        help=f"what is wrong with the servers ({help_text().replace('%', '%%')})",
    )
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--until-eof", action="store_true", help="also stop when standard input closes")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit code. Wrong arguments end the process with argparse's 2."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    parser = _arguments()
    given = parser.parse_args(argv)
    try:
        plan = _plan(given)
        if given.part:
            part, _, parts = given.part.partition("/")
            plan = replace(plan, part=int(part), parts=int(parts))
        asyncio.run(_serve(plan, until_eof=given.until_eof))
    except (UnknownScenario, BadScenario, FaultError, _OutOfRange) as error:
        parser.error(str(error))
    except PartFailed as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


class _OutOfRange(ValueError):
    """A number that no demo can have."""


def _plan(given: argparse.Namespace) -> Plan:
    """Raises _OutOfRange, UnknownScenario, BadScenario, FaultError."""
    usual, told = Plan(), scenario(given.scenario)
    plan = Plan(
        clusters=given.clusters if given.clusters is not None else told.clusters or usual.clusters,
        pods=given.pods if given.pods is not None else told.pods or usual.pods,
        scenario=given.scenario,
        seed=given.seed,
        speed=given.speed,
        faults=tuple(given.fault),
    )
    for name, value, low, high in (
        ("clusters", plan.clusters, 1, _MAX_CLUSTERS),
        ("pods", plan.pods, 1, _MAX_PODS),
        ("speed", plan.speed, 0.01, 1000),
    ):
        if not low <= value <= high:
            raise _OutOfRange(f"{name}: {low} to {high}, not {value}")
    for rule in plan.faults:
        FaultRule.parse(rule)
    return plan


async def _serve(plan: Plan, *, until_eof: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        _watch_stdin(loop, stop)
    whole = plan.parts == 1
    plans = parts_of(plan) if whole else [plan]
    with RunDir() as run:
        if len(plans) > 1:
            async with Parts(plans, _options(plan)) as parts:
                _announce(run, parts.kubeconfig, parts.users_kubeconfig, parts.clusters)
                await _first(stop.wait(), parts.ended())
                if not stop.is_set():
                    raise PartFailed("a process with a part of the demo's clusters ended")
            return
        async with DemoClusters(plan, run.path) as fleet:
            clusters = [{"name": name, "server": s.url} for name, s in fleet.servers.items()]
            _announce(run, fleet.kubeconfig(), fleet.kubeconfig((VIEWER, TEAM)), clusters)
            await stop.wait()


def _options(plan: Plan) -> list[str]:
    given = {name: getattr(plan, name) for name in ("clusters", "pods", "scenario", "seed", "speed")}
    options = [f"--{name}={value}" for name, value in given.items()]
    return options + [f"--fault={rule}" for rule in plan.faults]


def _announce(run: RunDir, kubeconfig: bytes, users: bytes, clusters: list[dict[str, str]]) -> None:
    line = {
        "kubeconfig": str(run.write("kubeconfig", kubeconfig)),
        "users_kubeconfig": str(run.write("users-kubeconfig", users)),
        "clusters": clusters,
    }
    print(json.dumps(line), flush=True)


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of them ends; the others are cancelled."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set ``stop`` when the other end of standard input is gone: so a dead parent ends the child."""
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        with contextlib.suppress(OSError):
            if os.read(descriptor, 4096):
                return
        loop.remove_reader(descriptor)
        stop.set()

    try:
        loop.add_reader(descriptor, readable)
    except (OSError, NotImplementedError):  # a regular file or /dev/null is at its end already
        stop.set()


if __name__ == "__main__":
    sys.exit(main())
