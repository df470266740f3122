"""``navarch can-i``: may we, or may somebody else; asked of every cluster's own authorizers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from backend.tenancy.asking import Answer
from console.cli.completing import questions
from console.cli.exits import Exit
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.rights_options import Asked, Form, Groups, Output, Way, gathered, show, tell
from console.cli.root import new_app
from console.cli.running import run

app = new_app("Whether we (or somebody else) may do something, cluster by cluster.")


@app.command(epilog="Exit codes: 0 yes everywhere, 5 no somewhere, 1 a cluster did not answer.")
def can_i(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="VERB KIND [NAME] [@CLUSTERS]",
            autocompletion=questions,
            help="get pods, delete deploy web, create pods/exec, get /metrics",
            show_default=False,
        ),
    ],
    cluster: Clusters = None,
    namespace: Namespaces = None,
    subresource: Annotated[
        str, typer.Option("--subresource", metavar="NAME", help="As in pods/exec; for habit.")
    ] = "",
    who: Annotated[
        str, typer.Option("--for", metavar="SUBJECT", help="Somebody else: alice, group:devs, sa:NS/NAME.")
    ] = "",
    group: Groups = None,
    output: Output = Form.TABLE,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Whether we may; with --for, whether somebody else may (with --as the question is asked as them)."""
    asked = Asked(words, clusters=cluster, namespaces=namespace, subresource=subresource)
    way = Way(form=output, kubeconfig=kubeconfig, timeout=timeout)
    raise typer.Exit(run(_ask(asked, way, who=who, groups=tuple(group or ()))))


async def _ask(asked: Asked, way: Way, *, who: str, groups: tuple[str, ...]) -> int:
    from backend.tenancy.asking import can
    from backend.tenancy.subjects import identity_of, parse_subject

    identity = identity_of(parse_subject(who), groups) if who else None
    found, failed = await gathered(
        way,
        asked.clusters,
        lambda one: can(one, asked.question, namespaces=asked.namespaces, who=identity),
    )
    answers = [answer for answers in found for answer in answers]
    tell((one.cluster.name, note) for one in answers for note in one.notes)
    titles = ("CLUSTER", "NAMESPACE", "ALLOWED", "SOURCE", "REASON")
    show(way.form, titles, [_row(one) for one in answers], [_document(one) for one in answers])
    if failed:
        return Exit.FAILED
    return Exit.OK if all(one.allowed for one in answers) else Exit.NOTHING


def _row(answer: Answer) -> tuple[object, ...]:
    where = (answer.request.namespace or "(all)") if answer.namespaced else "-"
    allowed = "yes" if answer.allowed else "no"
    return (answer.cluster.name, where, allowed, answer.source.value, answer.reason)


def _document(answer: Answer) -> dict[str, Any]:
    return {
        "cluster": str(answer.cluster.name),
        "namespace": answer.request.namespace,
        "verb": answer.request.verb,
        "kind": answer.request.kind,
        "name": answer.request.name,
        "allowed": answer.allowed,
        "source": answer.source.value,
        "reason": str(answer.reason),
        "notes": [str(note) for note in answer.notes],
    }
