"""``navarch describe``: one object explained, with what happened to it lately."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import typer

from backend.fleet.query import Query
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.options import Clusters, Kubeconfig, Namespaces, OneObject, Timeout
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_one

app = new_app("Explain one object, with its events.")


@app.command()
def describe(
    words: OneObject,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
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
