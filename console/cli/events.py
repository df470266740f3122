"""``navarch events``: what happened lately in many clusters; the events screen without a screen."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import completing
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.output import Format
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, comma_separated, filled, read_query

if TYPE_CHECKING:
    from backend.fleet.query import Query

app = new_app("What happened lately in all clusters, problems first.")
_ANYTHING = "events"
Many = list[str] | None


@app.command(
    epilog="Exit codes: 0 done, 1 a cluster failed (what is known of the others, and what was kept of it, is "
    "printed), 5 nothing matched."
)
def events(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND [NAME]…] [@CLUSTERS]",
            help="About these objects only: pods, pod/api-1, deploy 'api*'. Default: about all.",
            show_default=False,
            autocompletion=completing.words,
        ),
    ] = None,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="TIME", help="2h, 3d, 2026-11-21T14:30Z or all; what was kept counts too."
        ),
    ] = "1h",
    type_: Annotated[
        Many, typer.Option("--type", metavar="TYPE", help="Warning or Normal.", show_default=False)
    ] = None,
    reason: Annotated[
        Many, typer.Option("--reason", metavar="REASON", help="BackOff, Failed*…", show_default=False)
    ] = None,
    group: Annotated[
        bool,
        typer.Option("--group/--no-group", help="One row for each object and reason; or one for each event."),
    ] = True,
    match: Annotated[
        str | None,
        typer.Option("--match", metavar="REGEX", help="Only rows in whose text this is found (RE2)."),
    ] = None,
    not_match: Annotated[
        str | None, typer.Option("--not-match", metavar="REGEX", help="Only rows in whose text it is not.")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="COLUMN", help="Order by a column. Default: problems first."),
    ] = None,
    desc: Annotated[bool, typer.Option("--desc", help="The other way round.")] = False,
    problems: Annotated[
        bool, typer.Option("--problems", help="Only what is graded warning or failing, and why.")
    ] = False,
    output: Annotated[
        Format, typer.Option("-o", "--output", help="json and yaml are explained in docs/events.md.")
    ] = Format.TABLE,
    timeline: Annotated[
        bool,
        typer.Option(
            "--timeline",
            help="Of one object: its events beside the changes of all it has to do with, the latest last.",
        ),
    ] = False,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Then print changes as they happen.")] = False,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """What happened lately, in all clusters: grouped by object and reason, problems first."""
    from backend.observe.events.selection import Selection
    from console.cli import event_listing

    options = Options(
        clusters=cluster or (),
        namespaces=namespace or (),
        match=match,
        not_match=not_match,
        sort=sort,
        descending=desc,
    )
    given = words or []
    about = any(not word.startswith(("@", "/", "!")) for word in given)
    query = read_query(given if about else [_ANYTHING, *given], options)
    selection = Selection(
        clusters=query.clusters,
        namespaces=query.namespaces,
        kind=query.kind if about else "",
        names=query.names,
        reasons=comma_separated(reason or (), "--reason"),
        types=comma_separated(type_ or (), "--type"),
        since=_seconds(filled(since, "--since")),
        grouped=group,
    )
    if watch and output in (Format.JSON, Format.YAML):
        raise typer.BadParameter("--watch prints tables, CSV or names", param_hint="--output")
    if timeline:
        raise typer.Exit(run(_timeline(query, selection.since, output, timeout, kubeconfig)))
    request = event_listing.Request(
        selection=selection,
        query=query,
        form=output,
        problems=problems,
        timeout=timeout,
        kubeconfig=kubeconfig,
    )
    raise typer.Exit(run(event_listing.follow(request) if watch else event_listing.once(request)))


def _timeline(
    query: Query, since: float, output: Format, timeout: float, kubeconfig: Path | None
) -> Coroutine[Any, Any, int]:
    from console.cli import event_timeline

    if len(query.names) != 1:
        raise typer.BadParameter("say of which object: --timeline pod/api-1", param_hint="--timeline")
    if output in (Format.CSV, Format.NAME):
        raise typer.BadParameter("--timeline prints tables, json or yaml", param_hint="--output")
    request = event_timeline.Request(
        query=query, since=since, form=output, timeout=timeout, kubeconfig=kubeconfig
    )
    return event_timeline.timeline(request)


def _seconds(since: str) -> float:
    """How long ago that was; 0: ever. Raises BadMoment."""
    from backend.journal.selection import moment_of

    return 0.0 if since.strip() == "all" else max(1.0, time.time() - moment_of(since).timestamp())
