"""``navarch delete``: preview, confirmation, preconditions, journal."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from console.cli.acts import EPILOG, Agreement, Confirm, DryRun, Objects, Yes, act_on
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.root import new_app
from console.cli.selection import Options, read_named

app = new_app("Delete objects, with preview and preconditions.")


class Cascade(StrEnum):
    BACKGROUND = "background"
    FOREGROUND = "foreground"
    ORPHAN = "orphan"


@app.command(epilog=EPILOG)
def delete(  # noqa: PLR0917 - the options of a command line
    words: Objects,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    yes: Yes = False,
    confirm: Confirm = None,
    dry_run: DryRun = False,
    cascade: Annotated[
        Cascade, typer.Option(help="What it owns: goes after it, goes before it, or stays.")
    ] = Cascade.BACKGROUND,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Delete objects: shows what would go, asks, then deletes only what is still the same."""
    query = read_named(words, Options(clusters=cluster or (), namespaces=namespace or ()))
    agreed = Agreement(yes=yes, confirmed=frozenset(confirm or ()), dry_run=dry_run)
    # Its name in the API's DeleteOptions.
    answer = cascade.value.capitalize()
    act_on("delete", query, agreed=agreed, kubeconfig=kubeconfig, timeout=timeout, answer=answer)
