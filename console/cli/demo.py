"""``navarch demo``: the whole program on a simulated fleet.

On a terminal the console opens on it; without one the fleet and its problems are printed, through the same
backend as for any real cluster; ``--serve`` only serves, for other programs.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.fleet.row import Row

app = new_app("Try Navarch on a simulated fleet; no cluster needed.")
_PROBLEM_KINDS = ("nodes", "deployments", "jobs", "pods")
_FIRST_LOOK = 20.0
"""Seconds that the clusters may take to show their first lists."""


def complete_scenarios(incomplete: str) -> list[str]:
    """Names of scenarios for the shell."""
    from backend.demo.scenarios import scenarios

    return [name for name in scenarios() if name.startswith(incomplete)]


@app.command(epilog="Exit codes: 0 done, 1 the demo did not start, 2 wrong use.")
def demo(  # noqa: PLR0917 - the options of a command line
    clusters: Annotated[
        int | None,
        typer.Option(min=1, max=300, help="How many clusters.", show_default="3"),
    ] = None,
    pods: Annotated[
        int | None,
        typer.Option(min=1, max=20_000, help="About so many pods in each.", show_default="48"),
    ] = None,
    scenario: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="What goes on: incident, calm, rollout-gone-wrong, node-loss, memory-leak, storage-full, "
            "black-friday, 100-clusters, or a file of your own (docs/demo.md).",
            autocompletion=complete_scenarios,
        ),
    ] = "incident",
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 7,
    speed: Annotated[
        float, typer.Option(min=0.01, max=1000.0, help="How much faster than life things happen.")
    ] = 1.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CLUSTERS:]FAULT,…",
            help="What is wrong with the servers, e.g. 'prod-*:latency=300ms,status=503,share=20%'; may be "
            "given again. Faults: down, latency, jitter, loss, status, share, reset, half-open, rate, skew.",
        ),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Print one line of JSON and serve until told to stop.")
    ] = False,
) -> None:
    """Open the console on a simulated fleet; without a terminal, print the fleet and its problems."""
    options: dict[str, Any] = {
        "clusters": clusters,
        "pods": pods,
        "scenario": scenario,
        "seed": seed,
        "speed": speed,
    }
    check(scenario, fault or [])
    if serve:
        from backend.demo.__main__ import main

        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        raise typer.Exit(main([*given, *(f"--fault={rule}" for rule in fault or [])]))
    options["faults"] = fault or []
    if sys.stdin.isatty() and sys.stdout.isatty():
        from console.cli.open import demand_terminal

        if not demand_terminal():
            raise typer.Exit(Exit.USAGE)
        from console.app import run
        from console.sessions import DemoSession

        raise typer.Exit(run(DemoSession(**options)))
    raise typer.Exit(asyncio.run(_print_fleet(options)))


def check(name: str, faults: list[str]) -> None:
    """Refuse an unknown or broken scenario and wrong faults before anything is started."""
    from backend.demo.faults import FaultError, FaultRule
    from backend.demo.scenarios import BadScenario, UnknownScenario, scenario

    try:
        scenario(name)
    except (UnknownScenario, BadScenario) as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from None
    for rule in faults:
        try:
            FaultRule.parse(rule)
        except FaultError as error:
            raise typer.BadParameter(str(error), param_hint="--fault") from None


async def _print_fleet(options: dict[str, Any]) -> int:
    """The headless twin of the demo's first screen: the clusters, then what is not well in them."""
    from backend.demo.process import DemoFailed, start
    from backend.fleet.fleet import Fleet
    from backend.fleet.inmemory import members_of

    try:
        running = await start(**options)
    except DemoFailed as error:
        say(f"the demo fleet did not start: {error}")
        return Exit.FAILED
    async with running:
        members, _ = await asyncio.to_thread(members_of, running.kubeconfig_path)
        async with Fleet(members) as fleet:
            await _print_clusters(fleet)
            for kind in _PROBLEM_KINDS:
                await _print_problems(fleet, kind)
    sys.stdout.write("\nOn a terminal, the same command opens the console on this fleet.\n")
    return Exit.OK


async def _print_clusters(fleet: Fleet) -> None:
    from backend.fleet.overview import look_once
    from console.cli.fleet_output import print_summaries

    print_summaries(await look_once(fleet.clusters, admission=fleet.admission, timeout=_FIRST_LOOK))


async def _print_problems(fleet: Fleet, kind: str) -> None:
    """The rows of one kind that are not well, each with its reason."""
    from contextlib import aclosing

    from backend.fleet.filter import RowFilter
    from backend.fleet.listing import list_once
    from backend.fleet.query import Query
    from backend.fleet.row import table_columns
    from backend.text import counted
    from console.cli.output import TableWriter

    rows: list[Row] = []
    async with aclosing(list_once(fleet.select(()), Query(kind=kind))) as pieces:
        async for piece in pieces:
            rows += piece.rows
            if piece.error is not None:
                say(f"{piece.cluster.name}: {piece.error.sentence}", piece.error.advice)
    kinds = list({id(row.kind): row.kind for row in rows}.values())
    kept = RowFilter(problems_only=True).keep(rows)
    if kept:
        order = {cluster.id: place for place, cluster in enumerate(fleet.select(()))}
        kept.sort(key=lambda row: (order[row.cluster_id], row.namespace, row.name))
        sys.stdout.write(f"\n{counted(len(kept), kind.removesuffix('s'))} not well\n")
        TableWriter(wide=False, why=True).write(kept, table_columns(kinds))
