"""``navarch scale``: how many pods workloads run."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.acts import EPILOG, Agreement, Confirm, DryRun, Objects, Yes, act_on
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.root import new_app
from console.cli.selection import Options, read_named

app = new_app("Change how many pods workloads run.")


@app.command(epilog=EPILOG)
def scale(  # noqa: PLR0917 - the options of a command line
    words: Objects,
    replicas: Annotated[int, typer.Option("--replicas", min=0, help="How many pods.", show_default=False)],
    cluster: Clusters = None,
    namespace: Namespaces = None,
    yes: Yes = False,
    confirm: Confirm = None,
    dry_run: DryRun = False,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Scale workloads: shows the number now and what would change it back, asks, then scales."""
    query = read_named(words, Options(clusters=cluster or (), namespaces=namespace or ()))
    agreed = Agreement(yes=yes, confirmed=frozenset(confirm or ()), dry_run=dry_run)
    act_on("scale", query, agreed=agreed, kubeconfig=kubeconfig, timeout=timeout, answer=str(replicas))
