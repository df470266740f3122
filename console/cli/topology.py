"""``navarch topology``: how things hang together, as a tree or for programs that draw."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli import completing
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, filled, read_one, read_query

if TYPE_CHECKING:
    from backend.fleet.cluster import Cluster
    from backend.topology.outline import Outline
    from backend.topology.sight import Sight

app = new_app("How things hang together: trees, drawings, storage paths, applications across clusters.")
_TOLD = 6
"""Kinds that could not be read which are told one by one."""


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"
    DOT = "dot"
    MERMAID = "mermaid"
    SVG = "svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for, as typed."""

    patterns: tuple[str, ...]
    namespaces: tuple[str, ...]
    kind: str = ""
    name: str = ""
    application: str = ""
    storage: bool = False


@app.command(epilog="Exit codes: 0 done, 1 a cluster could not be read, 5 nothing matched.")
def topology(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND/NAME] [@CLUSTERS]",
            help="deploy/api, pvc/data-0, node/worker-1; nothing: the clusters, or with -n a namespace.",
            show_default=False,
            autocompletion=completing.words,
        ),
    ] = None,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    application: Annotated[
        str | None,
        typer.Option(
            "--app",
            metavar="NAME",
            help="An application (Helm release, usual labels), everywhere.",
        ),
    ] = None,
    node: Annotated[
        str | None, typer.Option("--node", metavar="NAME", help="A node, and what runs on it.")
    ] = None,
    storage: Annotated[
        bool, typer.Option("--storage", help="Only the way of data: class, volume, claim, pod, node.")
    ] = False,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=0, max=20, help="Levels to unfold. Default: 3; fleet 1, cluster 2."),
    ] = None,
    problems: Annotated[
        bool, typer.Option("--problems", help="Only branches with something failing or warning.")
    ] = False,
    output: Annotated[
        Form, typer.Option("-o", "--output", help="text, json, dot, mermaid or svg.")
    ] = Form.TEXT,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """How things hang together: what an object is made of and needs, and what needs it, with health."""
    wanted = _wanted(words or [], cluster, namespace, application=application, node=node, storage=storage)
    showing = _Showing(wanted, output, depth=depth, problems=problems)
    raise typer.Exit(run(showing.run(kubeconfig, timeout)))


def _wanted(
    words: Sequence[str],
    clusters: Sequence[str] | None,
    namespaces: Sequence[str] | None,
    *,
    application: str | None,
    node: str | None,
    storage: bool,
) -> Wanted:
    """Raises typer.BadParameter for words that contradict each other."""
    options = Options(clusters=clusters or (), namespaces=namespaces or ())
    named = [word for word in words if not word.startswith("@")]
    if sum((bool(named), application is not None, node is not None)) > 1:
        raise typer.BadParameter("say one of KIND/NAME, --app and --node")
    if node is not None:
        words = ["nodes", filled(node, "--node"), *words]
    elif not named:
        query = read_query(["pods", *words], options)
        return Wanted(
            patterns=query.clusters,
            namespaces=query.namespaces,
            application=filled(application, "--app"),
            storage=storage,
        )
    query = read_one(words, options)
    return Wanted(
        patterns=query.clusters,
        namespaces=query.namespaces,
        kind=query.kind,
        name=query.names[0],
        storage=storage,
    )


def sight_of(wanted: Wanted, clusters: Sequence[Cluster]) -> Sight:
    """What is looked at, of the clusters that the patterns mean."""
    from backend.topology.scope import full_name_of
    from backend.topology.sight import Aim, Sight

    aim = Aim.CLUSTER if len(clusters) == 1 else Aim.FLEET
    if wanted.storage:
        aim = Aim.STORAGE
    elif wanted.kind:
        aim = Aim.RESOURCE
    elif wanted.application:
        aim = Aim.APPLICATION
    elif wanted.namespaces:
        aim = Aim.NAMESPACE
    return Sight(
        aim=aim,
        clusters=tuple(cluster.id for cluster in clusters),
        namespaces=wanted.namespaces,
        kind=full_name_of(wanted.kind) if wanted.kind else "",
        name=wanted.name or wanted.application,
    )


@dataclass(frozen=True, slots=True)
class _Showing:
    wanted: Wanted
    form: Form
    depth: int | None
    problems: bool

    async def run(self, kubeconfig: Path | None, timeout: float) -> int:
        from backend.topology.graph import Graph
        from backend.topology.health import Rollup
        from backend.topology.outline import Outline
        from backend.topology.reading import read_into
        from backend.topology.sight import Aim, matching, roots
        from console.cli.session import open_fleet

        async with open_fleet(kubeconfig) as fleet:
            clusters = fleet.select(self.wanted.patterns)
            sight = sight_of(self.wanted, clusters)
            graph = Graph()
            await read_into(graph, clusters, extent=sight.extent, deadline=timeout)
        names = {cluster.id: str(cluster.name) for cluster in clusters}
        outline = Outline(graph, Rollup(graph), names)
        failed = _tell_unread(outline, names)
        found = roots(outline, sight)
        if not found or (sight.name and sight.aim is not Aim.APPLICATION and not matching(graph, sight)):
            say(f"there is no {sight.title(list(names.values()))}", _advice(outline, sight))
            return Exit.FAILED if failed else Exit.NOTHING
        if self.form is Form.TEXT:
            from console.cli.topology_text import print_tree

            usual = {Aim.FLEET: 1, Aim.CLUSTER: 2}.get(sight.aim, 3)
            print_tree(found, depth=usual if self.depth is None else self.depth, problems=self.problems)
        else:
            self._export(outline, sight)
        return Exit.FAILED if failed else Exit.OK

    def _export(self, outline: Outline, sight: Sight) -> None:
        from backend.text import safe_text
        from backend.topology import export
        from backend.topology.sight import drawn, matching
        from backend.topology.sketch import sketch
        from backend.topology.svg import svg

        graph, rollup = outline.graph, outline.rollup
        names = {cluster: outline.name(cluster) for cluster in sight.clusters}
        title = sight.title(list(names.values()))
        nodes = drawn(graph, outline, sight, depth=2 if self.depth is None else self.depth)
        if self.problems:
            ill = [node for node in nodes if rollup.of(node).health.problem]
            nodes = dict.fromkeys(ill)
        if self.form is Form.JSON:
            from console.cli.tables import print_json

            print_json(export.document(graph, rollup, nodes, names, view=title))
            return
        focus = next(iter(matching(graph, sight)), None) if sight.kind else None
        made = sketch(graph, rollup, nodes, focus=focus)
        if made.left_out:
            say(f"{made.left_out:,} objects are left out of the drawing; name one, or a namespace")
        notes = [f"{made.left_out:,} objects are left out"] if made.left_out else []
        unread = [kind for cluster in sight.clusters for kind, _ in graph.unread(cluster)]
        notes += [f"not read: {', '.join(dict.fromkeys(unread))}"] if unread else []
        if self.form is Form.SVG:
            text = svg(made, title, [safe_text(note, limit=300) for note in notes])
        else:
            text = export.dot(made) if self.form is Form.DOT else export.mermaid(made)
        sys.stdout.write(text)


def _tell_unread(outline: Outline, names: dict[str, str]) -> int:
    """Say what could not be read; how many clusters gave nothing at all."""
    silent = 0
    for cluster, name in names.items():
        unread = outline.graph.unread(cluster)
        if not any(owner == cluster for owner, _, _ in outline.graph.sizes):
            silent += 1
            why = next((covered.why for _, covered in unread if covered.why), "it was not read")
            say(f"{name}: {why}")
            continue
        whys: dict[str, list[str]] = {}
        for kind, covered in unread:
            whys.setdefault(covered.why, []).append(kind)
        for why, kinds in list(whys.items())[:_TOLD]:
            say(f"{name}: {why}; unknown: {', '.join(kinds)}")
    return silent


def _advice(outline: Outline, sight: Sight) -> str:
    from backend.topology.sight import Aim

    if sight.aim is not Aim.APPLICATION:
        return f"Look with: navarch get {sight.kind or 'namespaces'}"
    known = list(dict.fromkeys(name for one in sight.clusters for name in outline.applications(one)))
    more = f" and {len(known) - 12} more" if len(known) > 12 else ""
    return f"Applications: {', '.join(known[:12])}{more}" if known else "No object says what it is part of."
