"""``navarch get``: the resource table without a screen. Lists many clusters at once."""

from __future__ import annotations

from typing import Annotated

import typer

from backend.fleet.problems import means_problems
from console.cli import completing
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.output import Format
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_query

app = new_app("List resources of many clusters in one table.")


@app.command(epilog="Exit codes: 0 done, 1 a cluster failed (the others are printed), 5 nothing matched.")
def get(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KIND [NAME]… [@CLUSTERS]",
            help="pods, po, deploy, certificates.cert-manager.io…; all, problems; names may hold * and ?.",
            show_default=False,
            autocompletion=completing.words,
        ),
    ],
    cluster: Clusters = None,
    namespace: Namespaces = None,
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="For habit: it is the default.")
    ] = False,
    selector: Annotated[
        str | None, typer.Option("-l", "--selector", metavar="LABELS", help="Label selector.")
    ] = None,
    field_selector: Annotated[
        str | None,
        typer.Option(
            "--field-selector", metavar="FIELDS", help="Field selector, such as spec.nodeName=node-1."
        ),
    ] = None,
    match: Annotated[
        str | None,
        typer.Option("--match", metavar="REGEX", help="Only rows in whose text this is found (RE2)."),
    ] = None,
    not_match: Annotated[
        str | None, typer.Option("--not-match", metavar="REGEX", help="Only rows in whose text it is not.")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort", metavar="COLUMN", help="Order by a column.", autocompletion=completing.columns
        ),
    ] = None,
    desc: Annotated[bool, typer.Option("--desc", help="Largest first.")] = False,
    problems: Annotated[bool, typer.Option("--problems", help="Only what is not well, and why.")] = False,
    output: Annotated[
        Format, typer.Option("-o", "--output", help="json and yaml are whole objects, as clusters answer.")
    ] = Format.TABLE,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Then print changes as they happen.")] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="With json or yaml: print secret values instead of masking them.")
    ] = False,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """List resources of many clusters in one table."""
    options = Options(
        clusters=cluster or (),
        namespaces=() if all_namespaces else namespace or (),
        labels=selector,
        fields=field_selector,
        match=match,
        not_match=not_match,
        sort=sort,
        descending=desc,
    )
    query = read_query(words, options)
    if watch and output in (Format.JSON, Format.YAML):
        raise typer.BadParameter("--watch prints tables or names", param_hint="--output")
    from console.cli import listing

    request = listing.Request(
        query=query,
        form=output,
        problems=problems or means_problems(query.kind),
        reveal=reveal,
        timeout=timeout,
        kubeconfig=kubeconfig,
    )
    raise typer.Exit(run(listing.follow(request) if watch else listing.once(request)))
