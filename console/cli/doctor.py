"""``navarch doctor``: what could keep Navarch from working here, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.exits import Exit
from console.cli.root import new_app
from console.cli.tables import Form, print_json, print_table

app = new_app("Find out what could keep Navarch from working here.")
_SIGNS = {"ok": "✔", "warn": "!", "fail": "✖"}


@app.command()
def doctor(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no cluster anything.")] = False,
    output: Annotated[Form, typer.Option("-o", "--output", help="table or json.")] = Form.TABLE,
) -> None:
    """Check this machine, this terminal, the vault and the way to every cluster.

    Asks for no passphrase: of a locked vault only the file is looked at. Ends with 1 when a check fails, with
    0 when all is well or there are only warnings.
    """
    import asyncio

    from backend.diagnosis.check import Verdict
    from backend.diagnosis.doctor import Diagnosis, examine, worst
    from console.cli.surroundings import surroundings, vault_if_open

    async def examined() -> list[Diagnosis]:
        around = surroundings(vault, offline=offline)
        try:
            return await examine(around)
        finally:
            if around.fleet is not None:
                await around.fleet.aclose()

    with vault_if_open() as vault:
        found = asyncio.run(examined())
    if output is Form.JSON:
        print_json(
            [
                {
                    "check": one.id,
                    "verdict": finding.verdict.value,
                    "finding": finding.what,
                    "advice": finding.advice,
                }
                for one in found
                for finding in one.findings
            ]
        )
    else:
        rows = [
            (_SIGNS[finding.verdict], one.title, finding.what, finding.advice)
            for one in found
            for finding in one.findings
        ]
        print_table(("", "CHECK", "FINDING", "WHAT TO DO"), rows)
    if worst(one.verdict for one in found) is Verdict.FAIL:
        raise typer.Exit(Exit.FAILED)
