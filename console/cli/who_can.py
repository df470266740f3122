"""``navarch who-can``: everybody whom RBAC lets do something, cluster by cluster."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from backend.tenancy.asking import Holders, via
from backend.tenancy.policy import Grant
from console.cli.completing import questions
from console.cli.exits import Exit
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.rights_options import Asked, Form, Output, Way, gathered, show, tell
from console.cli.root import new_app
from console.cli.running import run

app = new_app("Who may do something, cluster by cluster, and by which role and binding.")


@app.command(epilog="Exit codes: 0 done, 1 a cluster failed, or its RBAC objects may not all be read.")
def who_can(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="VERB KIND [NAME] [@CLUSTERS]",
            autocompletion=questions,
            help="delete pods, get secrets, create pods/exec, impersonate users",
            show_default=False,
        ),
    ],
    cluster: Clusters = None,
    namespace: Namespaces = None,
    output: Output = Form.TABLE,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Who may do something. Worked out from Roles and bindings; what could not be read is told."""
    asked = Asked(words, clusters=cluster, namespaces=namespace)
    way = Way(form=output, kubeconfig=kubeconfig, timeout=timeout)
    raise typer.Exit(run(_ask(asked, way)))


async def _ask(asked: Asked, way: Way) -> int:
    from backend.tenancy.asking import holders

    found, failed = await gathered(
        way, asked.clusters, lambda one: holders(one, asked.question, namespaces=asked.namespaces)
    )
    tell((one.cluster.name, note) for one in found for note in one.notes)
    titles = ("CLUSTER", "KIND", "SUBJECT", "WHERE", "ONLY NAMED", "BY")
    rows = [_row(one, grant) for one in found for grant in one.grants]
    show(way.form, titles, rows, [_document(one) for one in found])
    return Exit.FAILED if failed or not all(one.complete for one in found) else Exit.OK


def _row(holders: Holders, grant: Grant) -> tuple[object, ...]:
    who = grant.subject
    name = f"{who.namespace}/{who.name}" if who.namespace else who.name
    where = grant.namespace or "everywhere"
    names = ", ".join(grant.rule.resource_names or ())
    return (holders.cluster.name, who.kind.value, name, where, names, via(grant))


def _document(holders: Holders) -> dict[str, Any]:
    return {
        "cluster": str(holders.cluster.name),
        "verb": holders.request.verb,
        "kind": holders.request.kind,
        "name": holders.request.name,
        "complete": holders.complete,
        "notes": [str(note) for note in holders.notes],
        "holders": [grant_document(grant) for grant in holders.grants],
    }


def grant_document(grant: Grant) -> dict[str, Any]:
    """One right and its way, as JSON."""
    return {
        "subject": {
            "kind": grant.subject.kind.value,
            "name": grant.subject.name,
            "namespace": grant.subject.namespace,
        },
        "namespace": grant.namespace,
        "verbs": list(grant.rule.verbs or ()),
        "kinds": list(grant.rule.kinds),
        "names": list(grant.rule.resource_names or ()),
        "binding": grant.binding,
        "role": grant.role,
        "origins": list(grant.origins),
    }
