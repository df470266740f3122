"""``navarch engine pool``: directories that keep replicas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.engine.acting import act
from console.cli.engine.asking import Form, Output, engine, show, whole
from console.cli.engine.completing import pools as pool_names
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import run

if TYPE_CHECKING:
    from backend.storage.model import Pool

app = new_app("Pools: directories, best on disks of their own, that keep replicas.")
Name = Annotated[
    str, typer.Argument(metavar="POOL", help="A pool's name.", autocompletion=pool_names, show_default=False)
]


@app.callback()
def _pool() -> None:
    """Pools: directories, best on disks of their own, that keep replicas."""


@app.command()
def add(
    path: Annotated[
        Path, typer.Argument(metavar="DIRECTORY", help="Empty or a pool already; made if it is not there.")
    ],
    name: Annotated[
        str, typer.Option("--name", help="What to call it; the directory's name if not given.")
    ] = "",
) -> None:
    """Use a directory as a pool. One that is a pool already is taken with all that is in it."""
    from backend.storage.acts import pools

    act(lambda asked: pools.add(asked, path.absolute(), name))


@app.command("list")
def list_pools(output: Output = Form.TABLE) -> None:
    """List pools with their room. Ends with 5 if there are none."""
    from backend.storage.words import signed, size

    def row(pool: Pool) -> tuple[object, ...]:
        room = (size(pool.free), size(pool.total), size(pool.used), size(pool.committed))
        return pool.name, signed(pool.state), *room, pool.replicas, pool.path

    async def work() -> int:
        found = await engine().pools()
        titles = ("NAME", "STATE", "FREE", "TOTAL", "USED", "PROMISED", "REPLICAS", "PATH")
        show(found, output, titles, row)
        if not found:
            say("there are no pools yet", "navarch engine pool add DIRECTORY")
        return Exit.OK if found else Exit.NOTHING

    raise typer.Exit(run(work()))


@app.command("show")
def show_pool(name: Name, output: Output = Form.TABLE) -> None:
    """Show one pool and the replicas in it."""
    from backend.storage.words import signed, size
    from console.cli.tables import print_table

    async def work() -> int:
        asked = engine()
        pool = await asked.pool(name)
        inside = [
            (volume, replica)
            for volume in await asked.volumes()
            for replica in volume.replicas
            if replica.pool == pool.name
        ]
        if output != Form.TABLE:
            whole({"pool": pool, "replicas": [replica for _, replica in inside]}, output)
            return Exit.OK
        facts = [
            ("name", pool.name),
            ("state", signed(pool.state)),
            ("why", pool.reason or "-"),
            ("path", pool.path),
            ("free", f"{size(pool.free)} of {size(pool.total)}"),
            ("used", f"{size(pool.used)} by its replicas, which may grow to {size(pool.committed)}"),
        ]
        print_table(("POOL", ""), facts)
        if inside:
            print()
            rows = [(volume.name, one.id, one.kind, one.role, size(one.used)) for volume, one in inside]
            print_table(("VOLUME", "REPLICA", "KIND", "ROLE", "USED"), rows)
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def remove(name: Name) -> None:
    """Use a pool no more; its directory stays. Refused while it keeps replicas, unless it is lost."""
    from backend.storage.acts import pools

    act(lambda asked: pools.remove(asked, name))
