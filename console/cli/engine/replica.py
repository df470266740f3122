"""``navarch engine replica``: a volume's replicas."""

from __future__ import annotations

from typing import Annotated

import typer

from backend.text import safe_text
from console.cli.engine.asking import Yes, agreed, engine, finished
from console.cli.engine.completing import pools as pool_names
from console.cli.engine.completing import replicas as replica_names
from console.cli.engine.completing import volumes as volume_names
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import run

app = new_app("Replicas of a volume.")
Volume = Annotated[
    str, typer.Argument(metavar="VOLUME", help="Name or id.", autocompletion=volume_names, show_default=False)
]
Replica = Annotated[
    str,
    typer.Argument(
        metavar="REPLICA", help="The replica's id.", autocompletion=replica_names, show_default=False
    ),
]


@app.callback()
def _replica() -> None:
    """Replicas of a volume."""


@app.command()
def add(
    volume: Volume,
    pool: Annotated[
        str,
        typer.Option("--pool", metavar="POOL", help="Where; chosen if not given.", autocompletion=pool_names),
    ] = "",
    witness: Annotated[
        bool, typer.Option("--witness", help="A witness: it votes, and keeps no data.")
    ] = False,
) -> None:
    """One replica more, copied from the others while the volume is used."""

    async def work() -> int:
        done = await finished(await engine().add_replica(volume, pool=pool, witness=witness))
        say(safe_text(f"volume {volume}: {done.text}"))
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def remove(
    volume: Volume,
    replica: Replica,
    force: Annotated[bool, typer.Option("--force", help="Also if it leaves a single copy.")] = False,
    yes: Yes = False,
) -> None:
    """Take a replica or witness off for good. Refused if no copy in sync or no majority would be left."""

    async def work() -> int:
        agreed(safe_text(f"Take {replica} off volume {volume} and remove its bytes?"), yes=yes)
        done = await finished(await engine().remove_replica(volume, replica, force=force))
        say(safe_text(f"volume {volume}: {done.text}"))
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def rebuild(volume: Volume, replica: Replica, yes: Yes = False) -> None:
    """Make a replica that is lost or damaged anew, and copy it from the others.

    Where it was, if its pool is well, else in another pool. What is left of the old one is removed. The
    volume is used on meanwhile.
    """

    async def work() -> int:
        agreed(safe_text(f"Remove what is left of {replica} and copy it from the other replicas?"), yes=yes)
        done = await finished(await engine().rebuild(volume, replica))
        say(safe_text(f"volume {volume}: {done.text}"))
        return Exit.OK

    raise typer.Exit(run(work()))
