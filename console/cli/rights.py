"""``navarch rights``: what we may do, kind by kind; or everything that RBAC gives to a subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from backend.fleet.query import Query
from backend.tenancy.asking import Held, via
from backend.tenancy.dangers import dangers_of
from backend.tenancy.matrix import VERBS, Grade, KindRights, OwnRights
from backend.tenancy.policy import Grant
from console.cli.completing import at_clusters
from console.cli.exits import Exit
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.rights_options import Form, Groups, Output, Way, gathered, show, tell
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_query
from console.cli.who_can import grant_document

app = new_app("What we, or a user, group or service account, may do.")
_MARKS = {Grade.YES: "yes", Grade.NAMED: "named", Grade.NO: "-"}


@app.command(
    epilog="Exit codes: 0 done, 1 a cluster failed or its RBAC objects may not all be read, 5 no right."
)
def rights(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SUBJECT] [@CLUSTERS]",
            autocompletion=at_clusters,
            help="alice, group:devs, sa:NS/NAME. Left out: ourselves, as the servers see us.",
            show_default=False,
        ),
    ] = None,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    group: Groups = None,
    every: Annotated[
        bool, typer.Option("--all", help="Ourselves: kinds too with which we may do nothing.")
    ] = False,
    output: Output = Form.TABLE,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Effective rights over the fleet; dangerous ones are told apart."""
    subjects = [word for word in words or () if not word.startswith("@")]
    if len(subjects) > 1:
        raise typer.BadParameter("name one subject at a time")
    where = [word for word in words or () if word.startswith("@")]
    query = read_query(["pods", *where], Options(clusters=cluster or (), namespaces=namespace or ()))
    way = Way(form=output, kubeconfig=kubeconfig, timeout=timeout)
    work = (
        _theirs(subjects[0], query, way, groups=group or ()) if subjects else _ours(query, way, every=every)
    )
    raise typer.Exit(run(work))


async def _theirs(who: str, query: Query, way: Way, *, groups: Sequence[str]) -> int:
    from backend.tenancy.asking import held
    from backend.tenancy.subjects import parse_subject

    subject = parse_subject(who)
    found, failed = await gathered(
        way, query.clusters, lambda one: held(one, subject, groups=groups, namespaces=query.namespaces)
    )
    tell((one.cluster.name, note) for one in found for note in one.notes)
    titles = ("CLUSTER", "WHERE", "VERBS", "ON", "ONLY NAMED", "BY", "DANGER")
    rows = [_grant_row(one, grant) for one in found for grant in one.grants]
    show(way.form, titles, rows, [_held_document(one) for one in found])
    if failed or not all(one.complete for one in found):
        return Exit.FAILED
    return Exit.OK if rows else Exit.NOTHING


def _grant_row(held: Held, grant: Grant) -> tuple[object, ...]:
    rule = grant.rule
    return (
        held.cluster.name,
        grant.namespace or "everywhere",
        ", ".join(rule.verbs or ()),
        ", ".join(rule.kinds),
        ", ".join(rule.resource_names or ()),
        via(grant),
        "; ".join(dangers_of(rule)),
    )


def _held_document(held: Held) -> dict[str, Any]:
    return {
        "cluster": str(held.cluster.name),
        "user": held.identity.user,
        "groups": list(held.identity.groups),
        "complete": held.complete,
        "notes": [str(note) for note in held.notes],
        "rights": [
            {**grant_document(grant), "dangers": [str(one) for one in dangers_of(grant.rule)]}
            for grant in held.grants
        ],
    }


async def _ours(query: Query, way: Way, *, every: bool) -> int:
    from backend.tenancy.matrix import own_rights

    found, failed = await gathered(
        way, query.clusters, lambda one: own_rights(one, namespaces=query.namespaces)
    )
    tell((one.cluster.name, note) for one in found for note in one.notes)
    titles = (
        "CLUSTER",
        "NAMESPACE",
        "KIND",
        *(verb.upper() for verb in VERBS),
        "OTHER",
        "ONLY NAMED",
        "DANGER",
    )
    rows = [row for one in found for row in one.rows if every or row.some]
    show(way.form, titles, [_kind_row(row) for row in rows], [_own_document(one, every) for one in found])
    if failed:
        return Exit.FAILED
    return Exit.OK if rows else Exit.NOTHING


def _kind_row(row: KindRights) -> tuple[object, ...]:
    return (
        row.cluster.name,
        row.namespace or "(all)",
        row.kind,
        *(_MARKS[row.grades[verb]] for verb in VERBS),
        ", ".join(row.others),
        ", ".join(row.names),
        "; ".join(row.dangers),
    )


def _own_document(own: OwnRights, every: bool) -> dict[str, Any]:
    return {
        "cluster": str(own.cluster.name),
        "user": own.identity.user if own.identity else None,
        "groups": list(own.identity.groups) if own.identity else [],
        "uid": own.identity.uid if own.identity else "",
        "extra": {key: list(values) for key, values in own.identity.extra} if own.identity else {},
        "notes": [str(note) for note in own.notes],
        "rights": [
            {
                "namespace": row.namespace,
                "kind": row.kind,
                "verbs": {verb: grade.value for verb, grade in row.grades.items()},
                "otherVerbs": list(map(str, row.others)),
                "names": list(map(str, row.names)),
                "dangers": list(map(str, row.dangers)),
            }
            for row in own.rows
            if every or row.some
        ],
    }
