"""``navarch journal``: what was done through Navarch, by whom, to what."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.completing import clusters
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.tables import Form, print_json, print_table

app = new_app("What was done through Navarch, by whom, to what.")


@app.command()
def journal(
    last: Annotated[int, typer.Option("-n", "--last", min=1, help="How many lines.")] = 50,
    cluster: Annotated[
        str, typer.Option("-c", "--cluster", help="Only this cluster.", autocompletion=clusters)
    ] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that no line was changed or removed.")
    ] = False,
    output: Annotated[Form, typer.Option("-o", "--output", help="table or json.")] = Form.TABLE,
) -> None:
    """Print the newest lines of the journal, or verify its chain."""
    from backend.journal import Journal
    from console.cli.session import open_vault

    book = Journal(open_vault())
    if verify:
        verdict = book.verify()
        if output is Form.JSON:
            print_json({"intact": verdict.intact, "lines": verdict.lines, "finding": verdict.sentence})
        else:
            say(verdict.sentence)
        raise typer.Exit(Exit.OK if verdict.intact else Exit.FAILED)
    entries = [entry for entry in book.read() if not cluster or entry.cluster == cluster][-last:]
    if output is Form.JSON:
        print_json(
            [
                {
                    "seq": e.seq,
                    "time": e.time,
                    "who": e.who,
                    "act": e.act,
                    "outcome": e.outcome.value,
                    "cluster": e.cluster,
                    "clusterUser": e.cluster_user,
                    "object": e.object,
                    "detail": e.detail,
                }
                for e in entries
            ]
        )
    else:
        print_table(
            ("TIME", "WHO", "ACT", "OUTCOME", "CLUSTER", "OBJECT", "DETAIL"),
            [
                (e.time, e.who, e.act, e.outcome, e.cluster, e.object, e.detail.split("\n")[0])
                for e in entries
            ],
        )
    if not entries:
        raise typer.Exit(Exit.NOTHING)
