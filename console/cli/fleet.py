"""``navarch fleet``: the fleet screen without a screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.completing import at_clusters
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.options import Clusters, Kubeconfig
from console.cli.output import Format
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_query

if TYPE_CHECKING:
    from backend.fleet.query import Query
    from backend.fleet.summary import ClusterSummary

app = new_app("The fleet at a glance: state, versions, nodes, pods, load, expiry.")


@app.command(epilog="Exit codes: 0 done, 1 a cluster failed (the others are printed), 5 nothing matched.")
def fleet(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[@CLUSTERS] [/REGEX] [!REGEX]",
            help="Default: all clusters.",
            autocompletion=at_clusters,
        ),
    ] = None,
    cluster: Clusters = None,
    match: Annotated[
        str | None,
        typer.Option(
            "--match",
            metavar="REGEX",
            help="Only clusters in whose name, state, version, #tags, @groups or troubles this is found.",
        ),
    ] = None,
    not_match: Annotated[
        str | None, typer.Option("--not-match", metavar="REGEX", help="Only clusters where it is not.")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="COLUMN", help="Order by a column. Default: troubles first."),
    ] = None,
    desc: Annotated[bool, typer.Option("--desc", help="Largest first.")] = False,
    problems: Annotated[bool, typer.Option("--problems", help="Only clusters that need somebody.")] = False,
    output: Annotated[
        Format, typer.Option("-o", "--output", help="json and yaml hold everything that is known.")
    ] = Format.TABLE,
    kubeconfig: Kubeconfig = None,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Longest a cluster may take.")
    ] = 10.0,
) -> None:
    """State, version and skew, nodes, pods, CPU and memory, expiry of every cluster, in one table."""
    options = Options(clusters=cluster or (), match=match, not_match=not_match, sort=sort, descending=desc)
    names = [word for word in words or () if not word.startswith(("@", "/", "!"))]
    if names:
        raise typer.BadParameter(f"clusters are named with @: @{names[0]}", param_hint="@CLUSTERS")
    query = read_query(["fleet", *(words or ())], options)
    raise typer.Exit(run(_print(query, output, problems=problems, timeout=timeout, kubeconfig=kubeconfig)))


async def _print(
    query: Query, form: Format, *, problems: bool, timeout: float, kubeconfig: Path | None
) -> int:
    from backend.fleet.descriptors import make_room
    from backend.fleet.overview import look_once
    from backend.fleet.summary import filter_of
    from console.cli.session import open_fleet

    _check_sort(query.sort)
    kept = filter_of(query, problems=problems)
    async with open_fleet(kubeconfig) as fleet:
        clusters = fleet.select(query.clusters)
        make_room(len(clusters))
        found = await look_once(clusters, admission=fleet.admission, timeout=timeout)
    now = time.time()
    return _write(_ordered(kept.keep(found, now=now), query, now=now), found, form)


def _check_sort(name: str) -> None:
    from backend.fleet.summary_columns import COLUMNS, column

    if name and column(name) is None:
        known = ", ".join(one.name for one in COLUMNS)
        raise typer.BadParameter(f"there is no column {name}; there are: {known}", param_hint="--sort")


def _ordered(summaries: list[ClusterSummary], query: Query, *, now: float) -> list[ClusterSummary]:
    from backend.fleet.summary_columns import column

    by = column(query.sort or "STATE")
    assert by is not None
    return sorted(summaries, key=lambda summary: by.key(summary, now), reverse=query.descending)


def _write(shown: Sequence[ClusterSummary], asked: Sequence[ClusterSummary], form: Format) -> int:
    """Print what is left of the clusters asked; the exit code."""
    from backend.kube.status import State
    from console.cli.fleet_output import live, print_documents, print_summaries

    if form in (Format.JSON, Format.YAML):
        print_documents(shown, form)
    elif form is Format.NAME:
        sys.stdout.writelines(f"{summary.name}\n" for summary in shown)
    elif shown:
        print_summaries(shown, wide=form is Format.WIDE)
    silent = [summary for summary in asked if summary.status.state is not State.LIVE]
    say(f"{live(asked)}/{len(asked)} live")
    for summary in silent:
        say(f"{summary.name}: {summary.status.state.value}: {summary.status.detail}", summary.status.advice)
    if silent:
        return Exit.FAILED
    if not shown:
        say("nothing matched")
        return Exit.NOTHING
    return Exit.OK
