"""``navarch engine local``: the engine's own process on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.engine.acting import act, acted
from console.cli.engine.asking import Form, Output, engine, whole
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import run
from console.cli.tables import print_table

app = new_app("The engine's process on this machine: start it, end it, look at it.")


@app.callback()
def _local() -> None:
    """The engine's process on this machine: start it, end it, look at it."""


@app.command()
def up(
    pools: Annotated[
        int,
        typer.Option("--pools", min=0, max=9, help="If there are none yet, make so many in its own home."),
    ] = 3,
) -> None:
    """Start the engine, and with it every volume that stands in its pools.

    It runs on when this command and the terminal are gone. If it runs already, nothing is changed.
    """

    from backend.storage.acts import engines

    act(lambda _: engines.start(pools))


@app.command()
def down(
    force: Annotated[
        bool, typer.Option("--force", help="Also while volumes are attached; what uses them gets errors.")
    ] = False,
) -> None:
    """End the engine and all its processes. Pools and volumes stay as they are."""

    async def work() -> int:
        from backend.storage.acts import engines
        from backend.storage.failures import NoEngine

        try:
            await acted(await engines.end(force=force))
        except NoEngine:
            say("no block engine was running")
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def status(output: Output = Form.TABLE) -> None:
    """Show whether the engine runs, its work under way, and what is not as it should be.

    Ends with 1 when something is failing, also when only its supervisor is gone; with 5 when no engine runs.
    """

    async def work() -> int:
        from backend.storage.failures import NoEngine
        from backend.storage.words import seconds, signed
        from console.cli.engine.job import TITLES
        from console.cli.engine.job import row as job_row

        asked = engine()
        try:
            found = await asked.inventory()
        except NoEngine as error:
            say(error.sentence, error.advice)
            return Exit.FAILED if error.left else Exit.NOTHING
        jobs = [job for job in await asked.jobs() if not job.ended]
        info = found.engine
        if output != Form.TABLE:
            whole({"engine": info, "jobs": jobs, "findings": found.findings}, output)
        else:
            up_for = seconds(info.uptime)
            row = (signed(info.health), info.pools, info.volumes, info.attached, info.pid, up_for, info.home)
            print_table(("HEALTH", "POOLS", "VOLUMES", "ATTACHED", "PID", "UP", "HOME"), [row])
            if jobs:
                print()
                print_table(TITLES, [job_row(job) for job in jobs])
            if found.findings:
                from console.cli.engine.explaining import print_findings

                print()
                print_findings(found.findings)
        return Exit.FAILED if info.health == "failing" else Exit.OK

    raise typer.Exit(run(work()))
