"""``navarch describe``: one object explained, with what happened to it lately."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from backend.fleet.query import Query
from console.cli import completing
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_one

app = new_app("Explain one object, with its events.")


@app.command()
def describe(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KIND NAME [@CLUSTER]",
            help="pod api-1, or pod/api-1.",
            show_default=False,
            autocompletion=completing.words,
        ),
    ],
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            "-c",
            "--cluster",
            metavar="C,C",
            autocompletion=completing.clusters,
            help="Where to look. Default: all.",
        ),
    ] = None,
    namespace: Annotated[
        list[str] | None, typer.Option("-n", "--namespace", metavar="NS,NS", help="Default: all namespaces.")
    ] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Use this file, in memory only, instead of the vault.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Longest a cluster may take.")
    ] = 30.0,
) -> None:
    """Explain one object, with its events. Secret values stay masked."""
    query = read_one(words, Options(clusters=cluster or (), namespaces=namespace or ()))
    raise typer.Exit(run(_describe(query, kubeconfig, timeout)))


async def _describe(query: Query, kubeconfig: Path | None, timeout: float) -> int:
    from backend.fleet.objects import events_of
    from backend.kube.errors import KubeError
    from backend.resources import describe as describing
    from console.cli.pick import pick_one
    from console.cli.session import open_fleet

    async with open_fleet(kubeconfig) as fleet:
        found, failed = await pick_one(fleet, query, timeout=timeout)
        try:
            events = await events_of(found.cluster, found.obj)
        except KubeError as error:
            say(f"{error.cluster}: its events are missing: {error.sentence}", error.advice)
            events, failed = [], failed + 1
        now = time.time() + found.cluster.clock_skew
        sys.stdout.write(
            describing.describe(found.obj, events=events, cluster=str(found.cluster.name), now=now)
        )
    return Exit.FAILED if failed else Exit.OK
