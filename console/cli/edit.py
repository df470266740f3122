"""``navarch edit``: an object in your editor; what you changed is tried, shown, confirmed, sent."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from backend.fleet.query import Query
from console.cli.acts import EPILOG, Agreement, Confirm, DryRun, Yes, ask
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.options import Clusters, Kubeconfig, Namespaces, OneObject, Timeout
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_one

app = new_app("Change one object in your editor.")


@app.command(epilog=EPILOG)
def edit(  # noqa: PLR0917 - the options of a command line
    words: OneObject,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    yes: Yes = False,
    confirm: Confirm = None,
    dry_run: DryRun = False,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Open an object in $EDITOR. Your change is tried by the server, shown as a diff, confirmed, then sent.

    What others changed meanwhile stays; where both of you changed a field, nothing is sent. A text that was
    not sent is kept, and its path told. Secrets are refused: an editor would write their values into files.
    """
    query = read_one(words, Options(clusters=cluster or (), namespaces=namespace or ()))
    agreed = Agreement(yes=yes, confirmed=frozenset(confirm or ()), dry_run=dry_run)
    raise typer.Exit(run(_edit(query, agreed, kubeconfig, timeout)))


async def _edit(query: Query, agreed: Agreement, kubeconfig: Path | None, timeout: float) -> int:
    from backend.fleet.acts import Already, carry_out, named, preview
    from backend.fleet.acts.act import check_allowed
    from backend.fleet.acts.edit import editing, opened_text, preview_lines
    from console.cli.pick import pick_one
    from console.cli.session import open_fleet
    from console.terminal.editor import Draft, editor_command, run_editor

    async with open_fleet(kubeconfig, acting=not agreed.dry_run) as fleet:
        found, _ = await pick_one(fleet, query, timeout=timeout)
        check_allowed(named("edit"), found)
        draft = Draft(opened_text(found), name=f"{found.cluster.name}-{found.name}")
        sent = False
        try:
            await run_editor(editor_command(), draft.path)
            plan = await preview(editing(found), found, draft.read())
            print(preview_lines(plan), file=sys.stderr)
            for warning in plan.warnings:
                print(f"    note: {warning}", file=sys.stderr)
            confirmed = agreed.confirmed if agreed.dry_run else ask([plan], agreed)
            typed = plan.must_type if plan.must_type in confirmed else ""
            print(await carry_out(plan, journal=fleet.journal, confirmed=typed, dry_run=agreed.dry_run))
            sent = True
        except Already:
            print(f"{found.place}: nothing was changed")
            sent = True
        finally:
            if sent:
                draft.discard()
            else:
                say(f"your text is kept: {draft.path}")
    return Exit.OK
