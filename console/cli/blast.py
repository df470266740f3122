"""``navarch blast``: what stops if something goes, before it does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.fleet.query import Query
from console.cli import completing
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_one

if TYPE_CHECKING:
    from backend.fleet.cluster import Cluster
    from backend.topology.blast import Blast, Effect

app = new_app("What stops if a node, a pod, a volume, a namespace… goes.")


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command(epilog="Exit codes: 0 done, 1 a cluster could not be read, 5 nothing matched.")
def blast(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KIND/NAME [@CLUSTERS]",
            help="node/worker-1, pvc/data-0, ns/pay, secret/tls; zone/NAME and cluster/NAME too.",
            show_default=False,
            autocompletion=completing.words,
        ),
    ],
    cluster: Clusters = None,
    namespace: Namespaces = None,
    deleted: Annotated[
        bool,
        typer.Option("--deleted", help="Nodes, volumes and claims too are deleted, instead of failing."),
    ] = False,
    output: Annotated[Form, typer.Option("-o", "--output", help="text or json.")] = Form.TEXT,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """What stops if it goes: pods by name, services, hosts, budgets, volumes; graded, with reasons."""
    query = read_one(words, Options(clusters=cluster or (), namespaces=namespace or ()))
    raise typer.Exit(run(_blast(query, output, kubeconfig, timeout, deleted=deleted or None)))


async def _blast(
    query: Query, form: Form, kubeconfig: Path | None, timeout: float, *, deleted: bool | None
) -> int:
    import asyncio

    from backend.topology.blast.preview import Target, look
    from backend.topology.blast.target import CLUSTER, ZONE
    from backend.topology.scope import full_name_of
    from console.cli.session import open_fleet

    word, name = query.kind.lower(), query.names[0]
    kind = word if word in (ZONE, CLUSTER) else full_name_of(word)
    wanted = [Target(kind, name, place) for place in query.namespaces or ("",)]
    async with open_fleet(kubeconfig) as fleet:
        patterns = (name,) if kind == CLUSTER and not query.clusters else query.clusters
        clusters = fleet.select(patterns)
        found = await asyncio.gather(
            *(look(one, wanted, deadline=timeout, deleted=deleted) for one in clusters)
        )
    answers = [(one, each) for one, each in zip(clusters, found, strict=True) if each.targets]
    failed = _tell_unread(list(zip(clusters, found, strict=True)), answers)
    if not answers:
        known = sorted({zone for each in found for zone in each.zones}) if kind == ZONE else []
        say(
            f"there is no {query.kind} {name} on the clusters that answered",
            f"Zones: {', '.join(known)}" if known else f"Look with: navarch get {query.kind}",
        )
        return Exit.FAILED if failed else Exit.NOTHING
    if form is Form.JSON:
        from console.cli.tables import print_json

        print_json([_document(one, each) for one, each in answers])
    else:
        sys.stdout.write("\n".join(_text(one, each) for one, each in answers))
    return Exit.FAILED if failed else Exit.OK


def _tell_unread(looked: Sequence[tuple[Cluster, Blast]], answers: Sequence[tuple[Cluster, Blast]]) -> int:
    """Say what is not known; how many clusters could not be judged."""
    failed = 0
    answered = {cluster.id for cluster, _ in answers}
    for cluster, blast in looked:
        whys: dict[str, list[str]] = {}
        for kind, why in blast.unknown:
            whys.setdefault(why, []).append(kind)
        if any(kind == "pods" for kind, _ in blast.unknown):
            failed += 1
        elif cluster.id not in answered:
            continue
        for why, kinds in whys.items():
            say(f"{cluster.name}: {why}; what happens to these is not known: {', '.join(kinds)}")
    return failed


def _text(cluster: Cluster, blast: Blast) -> str:
    from backend.topology.export import title_of

    names = ", ".join(title_of(node) for node in blast.targets[:4])
    more = f" and {len(blast.targets) - 4} more" if len(blast.targets) > 4 else ""
    lines = [f"If {names}{more} on {cluster.name} goes: {blast.summary}"]
    width = max((len(effect.grade.value) for effect in blast.effects), default=0)
    lines += [f"  {effect.grade.value:<{width}}  {effect.sentence}" for effect in blast.effects]
    if not blast.effects:
        lines.append("  Nothing that is known of rests on it.")
    return "\n".join(lines) + "\n"


def _document(cluster: Cluster, blast: Blast) -> dict[str, Any]:
    return {
        "cluster": str(cluster.name),
        "targets": [_object(node) for node in blast.targets],
        "summary": str(blast.summary),
        "effects": [_effect(effect) for effect in blast.effects],
        "unknown": [{"kind": kind, "why": why} for kind, why in blast.unknown],
    }


def _object(node: Any) -> dict[str, str]:
    return {"kind": node.kind, "namespace": node.namespace, "name": node.name, "uid": node.uid}


def _effect(effect: Effect) -> dict[str, Any]:
    return _object(effect.node) | {
        "grade": effect.grade.value,
        "harm": effect.harm.name.lower(),
        "effect": effect.effect,
        "why": effect.why,
    }
