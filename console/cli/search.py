"""``navarch search``: anything by name, label or image, over all clusters and all kinds."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli import completing
from console.cli.completing import at_clusters
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.output import Format
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import comma_separated, filled

app = new_app("Find anything by name, label or image, over all clusters and kinds.")


@app.command(
    epilog="Exit codes: 0 found, 1 a cluster or a kind could not be searched (hits of the others are "
    "printed), 5 nothing found."
)
def search(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TERM] [@CLUSTERS]",
            autocompletion=at_clusters,
            help="A part of a name, or /REGEX/ (RE2). Exact names come first, then those that start so.",
            show_default=False,
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option("-l", "--label", "--selector", metavar="K=V", help="Label selector.")
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="IMAGE", help="A part of a container image, its tag or digest."),
    ] = None,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND,KIND",
            help="Only these. Default: all but events and metrics.",
            autocompletion=completing.kinds,
        ),
    ] = None,
    output: Annotated[
        Format, typer.Option("-o", "--output", help="json and yaml print metadata, never whole objects.")
    ] = Format.TABLE,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Find anything by name, label or image, over all clusters and kinds, custom ones included."""
    from backend.fleet.query import QuerySyntaxError
    from backend.fleet.search_terms import Search, checked
    from console.cli import searching

    given = words or []
    names = [filled(word, "TERM") for word in given if not word.startswith("@")]
    clusters = [*(cluster or ()), *(word[1:] for word in given if word.startswith("@"))]
    if len(names) > 1:
        raise typer.BadParameter("one name at a time; join patterns: '/one|other/'", param_hint="TERM")
    wanted = Search(
        term=names[0] if names else "",
        labels=filled(label, "--label"),
        image=filled(image, "--image"),
        clusters=comma_separated(clusters, "--cluster"),
        namespaces=comma_separated(namespace or (), "--namespace"),
        kinds=comma_separated(kind or (), "--kind"),
    )
    try:
        checked(wanted)
    except QuerySyntaxError as error:
        raise typer.BadParameter(f"{error.sentence}. {error.advice}") from None
    request = searching.Request(wanted=wanted, form=output, timeout=timeout, kubeconfig=kubeconfig)
    raise typer.Exit(run(searching.run_search(request)))
