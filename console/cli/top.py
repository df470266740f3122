"""``navarch top``: the metrics screen without a screen. What uses most, in many clusters at once."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli import completing
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.output import Format
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_query

app = new_app("What uses most CPU and memory: pods, nodes, namespaces, workloads, clusters.")
_LEVELS = {
    "pods": ("pod", "po"),
    "containers": ("container",),
    "workloads": ("workload",),
    "namespaces": ("namespace", "ns"),
    "nodes": ("node", "no"),
    "clusters": ("cluster",),
}


def levels(ctx: typer.Context, args: list[str], incomplete: str) -> list[str]:
    """Levels, and ``@clusters``."""
    if incomplete.startswith("@"):
        return completing.at_clusters(ctx, args, incomplete)
    return [level for level in _LEVELS if level.startswith(incomplete)]


@app.command(epilog="Exit codes: 0 done, 1 a cluster failed (the others are printed), 5 nothing matched.")
def top(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LEVEL] [NAME]… [@CLUSTERS]",
            help="pods, containers, workloads, namespaces, nodes or clusters (the default); names may hold * "
            "and ?.",
            show_default=False,
            autocompletion=levels,
        ),
    ] = None,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="For habit: it is the default.")
    ] = False,
    selector: Annotated[
        str | None, typer.Option("-l", "--selector", metavar="LABELS", help="Only pods with these labels.")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            "--sort-by",
            metavar="COLUMN",
            help="cpu (the default), mem, name, or any column; amounts come largest first.",
        ),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Only the first N rows. 0: all.")
    ] = 0,
    containers: Annotated[
        bool, typer.Option("--containers", help="For habit: top pods --containers is top containers.")
    ] = False,
    waste: Annotated[
        bool,
        typer.Option("--waste", help="What was requested and never used, most of it first; with reasons."),
    ] = False,
    pressure: Annotated[
        bool,
        typer.Option(
            "--pressure", help="Only what is near a limit, killed for memory, or short; with reasons."
        ),
    ] = False,
    total: Annotated[bool, typer.Option("--sum", help="A last line with the sum.")] = False,
    output: Annotated[
        Format, typer.Option("-o", "--output", help="wide has requests, limits and ages; json and yaml all.")
    ] = Format.TABLE,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Print the table anew as numbers change.")
    ] = False,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """What uses most CPU and memory, beside what it asked for. Columns and amounts are kubectl top's."""
    level, rest = _level(list(words or ()))
    if containers:
        level = "containers"
    if waste and pressure:
        raise typer.BadParameter("--waste and --pressure are two tables; ask for one")
    if watch and output not in (Format.TABLE, Format.WIDE):
        raise typer.BadParameter("--watch prints tables", param_hint="--output")
    query = read_query(
        [level, *rest],
        Options(
            clusters=cluster or (),
            namespaces=() if all_namespaces else namespace or (),
            labels=selector,
            sort=sort,
        ),
    )
    if query.match or query.not_match:
        raise typer.BadParameter("top chooses by names, namespaces and labels; patterns belong to get")
    from console.cli import topping

    request = topping.Request(
        query=query,
        aspect="waste" if waste else "pressure" if pressure else "use",
        reverse=reverse,
        limit=limit,
        total=total,
        form=output,
        timeout=timeout,
        kubeconfig=kubeconfig,
    )
    raise typer.Exit(run(topping.follow(request) if watch else topping.once(request)))


def _level(words: list[str]) -> tuple[str, list[str]]:
    """The level that is named first, and the other words. Raises typer.BadParameter."""
    first = next((word for word in words if not word.startswith("@")), None)
    if first is None:
        return "clusters", words
    word, slash, name = first.partition("/")
    for level, others in _LEVELS.items():
        if word in (level, *others):
            rest = [one for one in words if one is not first]
            return level, [name, *rest] if slash else rest
    known = ", ".join(_LEVELS)
    raise typer.BadParameter(f"{word!r} is none of: {known}", param_hint="LEVEL")
