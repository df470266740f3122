"""``navarch engine replica``: a volume's replicas."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.engine.acting import act
from console.cli.engine.asking import Yes
from console.cli.engine.completing import pools as pool_names
from console.cli.engine.completing import replicas as replica_names
from console.cli.engine.completing import volumes as volume_names
from console.cli.root import new_app

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
    from backend.storage.acts import replicas

    act(lambda asked: replicas.add(asked, volume, pool=pool, witness=witness))


@app.command()
def remove(
    volume: Volume,
    replica: Replica,
    force: Annotated[bool, typer.Option("--force", help="Also if it leaves a single copy.")] = False,
    yes: Yes = False,
) -> None:
    """Take a replica or witness off for good. Refused if no copy in sync or no majority would be left."""
    from backend.storage.acts import replicas

    act(lambda asked: replicas.remove(asked, volume, replica, force=force), yes=yes)


@app.command()
def rebuild(volume: Volume, replica: Replica, yes: Yes = False) -> None:
    """Make a replica that is lost or damaged anew, and copy it from the others.

    Where it was, if its pool is well, else in another pool. What is left of the old one is removed. The
    volume is used on meanwhile.
    """
    from backend.storage.acts import replicas

    act(lambda asked: replicas.rebuild(asked, volume, replica), yes=yes)
