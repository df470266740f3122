"""``navarch logs``: the Logs screen without a screen. Many containers as one stream, merged by time."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from backend.fleet.query import QuerySyntaxError
from backend.observe.logs.selection import LogSelection, read_words, seconds_in
from console.cli import completing
from console.cli.log_choices import LogFormat, Times
from console.cli.options import Clusters, Kubeconfig, Namespaces
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, comma_separated, read_query

app = new_app("Print or follow the logs of many containers as one stream.")
_FEW = 10
"""Lines of each container's past when many are meant and nothing else is said."""


@app.command(
    epilog="Exit codes: 0 done, 1 a cluster or a container's log failed (the others are printed), "
    "4 raw bytes refused on a terminal, 5 nothing matched."
)
def logs(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[POD… | KIND NAME… | KIND/NAME…] [@CLUSTERS]",
            help="Pods, or what runs them: deploy/api, job, cronjob, svc, node, ns…; names may hold * and ?.",
            show_default=False,
            autocompletion=completing.words,
        ),
    ] = None,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="For habit: it is the default.")
    ] = False,
    selector: Annotated[
        str | None, typer.Option("-l", "--selector", metavar="LABELS", help="Label selector.")
    ] = None,
    container: Annotated[
        list[str] | None,
        typer.Option("--container", metavar="NAME,NAME", help="Only these containers; may hold * and ?."),
    ] = None,
    all_containers: Annotated[
        bool, typer.Option("--all-containers", help="For habit: all, init and ephemeral too, is the default.")
    ] = False,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until interrupted.")] = False,
    previous: Annotated[bool, typer.Option("-p", "--previous", help="The run before this one.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only the last 30s, 5m, 1h30m, 2d.")
    ] = None,
    tail: Annotated[
        int | None,
        typer.Option(
            "--tail",
            metavar="N",
            help="Last lines of each container; -1: all. Default: all of a pod that is named, else 10.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="End after so many lines in all.")
    ] = None,
    match: Annotated[
        str | None, typer.Option("--match", metavar="REGEX", help="Only lines in which this is found (RE2).")
    ] = None,
    not_match: Annotated[
        str | None, typer.Option("--not-match", metavar="REGEX", help="Only lines in which it is not.")
    ] = None,
    level: Annotated[
        str | None,
        typer.Option("--level", metavar="LEVEL", help="This level and graver: debug, info, warn, error."),
    ] = None,
    timestamps: Annotated[
        Times, typer.Option("--timestamps", help="The time of each line, as its node wrote it.")
    ] = Times.NONE,
    prefix: Annotated[
        bool | None,
        typer.Option("--prefix/--no-prefix", help="Name the source of lines. Default: if there are several."),
    ] = None,
    output: Annotated[
        LogFormat,
        typer.Option("-o", "--output", help="raw: the very bytes, into a file or pipe only."),
    ] = LogFormat.TEXT,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Print or follow the logs of many containers, over clusters, as one stream merged by time."""
    from console.cli import logging_run

    selection = _selection(
        words or [],
        Options(
            clusters=cluster or (),
            namespaces=() if all_namespaces else namespace or (),
            labels=selector,
            match=match,
            not_match=not_match,
        ),
    )
    selection = replace(
        selection,
        containers=comma_separated(container or (), "--container"),
        previous=previous,
        since=_seconds(since),
        tail=_tail(selection, tail, since),
    )
    request = logging_run.Request(
        selection=selection,
        follow=follow and not previous,
        form=output,
        times=timestamps,
        prefix=prefix,
        level=_level(level),
        limit=limit,
        kubeconfig=kubeconfig,
    )
    raise typer.Exit(run(logging_run.print_logs(request)))


def _selection(words: list[str], options: Options) -> LogSelection:
    """Raises typer.BadParameter."""
    special = tuple("@/!")
    names = [word for word in words if not word.startswith(special)]
    if "" in names:
        raise typer.BadParameter("a name is empty; leave it out, or say what you mean")
    base = read_query(["pods", *(word for word in words if word.startswith(special))], options)
    try:
        meant = read_words(names)
    except QuerySyntaxError as error:
        raise typer.BadParameter(f"{error.sentence}. {error.advice}") from None
    queries = tuple(replace(base, kind=kind, names=found, match="", not_match="") for kind, found in meant)
    return LogSelection(queries=queries, match=base.match, not_match=base.not_match)


def _seconds(since: str | None) -> float | None:
    if since is None:
        return None
    try:
        return seconds_in(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None


def _tail(selection: LogSelection, tail: int | None, since: str | None) -> int | None:
    if tail is not None:
        return tail if tail >= 0 else None
    return None if since is not None or selection.exact else _FEW


def _level(name: str | None) -> int:
    from backend.observe.logs.block import Level

    names = [level.name.lower() for level in Level if Level.NONE < level <= Level.FATAL]
    if name is None:
        return 0
    if name.lower() not in names:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(names)}", param_hint="--level")
    return Level[name.upper()]
