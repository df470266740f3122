"""``navarch engine snapshot``: what a volume was at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.text import safe_text
from console.cli.engine.asking import Form, Output, Yes, agreed, engine, finished, show
from console.cli.engine.completing import snapshots as snapshot_names
from console.cli.engine.completing import volumes as volume_names
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import run
from console.cli.tables import moment

if TYPE_CHECKING:
    from backend.storage.model import Snapshot

app = new_app("Snapshots: what a volume was at a moment, on all its replicas.")
Volume = Annotated[
    str, typer.Argument(metavar="VOLUME", help="Name or id.", autocompletion=volume_names, show_default=False)
]
Name: Any = Annotated[
    str,
    typer.Argument(
        metavar="SNAPSHOT", help="The snapshot's name.", autocompletion=snapshot_names, show_default=False
    ),
]


@app.callback()
def _snapshot() -> None:
    """Snapshots: what a volume was at a moment, on all its replicas."""


@app.command()
def create(
    volume: Volume, name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")]
) -> None:
    """Keep what is acknowledged now; the volume goes on at once.

    What a file system has not written yet is not in it: sync it first, or freeze it.
    """

    async def work() -> int:
        taken = await engine().take_snapshot(volume, name)
        say(safe_text(f"snapshot {taken.name} of {volume} is kept"))
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command("list")
def list_snapshots(volume: Volume, output: Output = Form.TABLE) -> None:
    """List a volume's snapshots, the oldest first. Ends with 5 if there are none.

    To make one a device: navarch engine volume attach VOLUME@SNAPSHOT.
    """
    from backend.storage.words import place, size

    async def work() -> int:
        asked = engine()
        found = await asked.snapshots(volume)
        devices = {one.snapshot: place(one) for one in (await asked.volume(volume)).attached_snapshots}

        def row(one: Snapshot) -> tuple[object, ...]:
            held = size(one.held) if one.held >= 0 else "-"
            device = devices.get(one.name, "-")
            return one.name, moment(one.created), size(one.size), held, one.attached, device, one.export

        show(found, output, ("NAME", "TAKEN", "SIZE", "HOLDS", "CLIENTS", "DEVICE", "EXPORT"), row)
        if not found:
            say(
                safe_text(f"{volume} has no snapshots"),
                safe_text(f"navarch engine snapshot create {volume} NAME"),
            )
        return Exit.OK if found else Exit.NOTHING

    raise typer.Exit(run(work()))


@app.command()
def restore(
    volume: Volume,
    name: Name,
    keep: Annotated[
        str, typer.Option("--keep", metavar="NAME", help="Keep what the volume is now as this snapshot.")
    ] = "",
    yes: Yes = False,
) -> None:
    """Take a volume back to a snapshot, in place. Refused while it is attached or used.

    What was written since is lost, unless it is kept as another snapshot.
    """

    async def work() -> int:
        lost = f"what it is now is kept as {keep}" if keep else "what was written since is lost"
        agreed(safe_text(f"Take volume {volume} back to snapshot {name}? ({lost})"), yes=yes)
        done = await finished(await engine().restore(volume, name, keep=keep))
        say(safe_text(f"volume {volume}: {done.text}"))
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def delete(volume: Volume, name: Name, yes: Yes = False) -> None:
    """Give a snapshot up; its space comes back in the background. Refused while it is attached."""

    async def work() -> int:
        agreed(safe_text(f"Give snapshot {name} of volume {volume} up?"), yes=yes)
        await engine().delete_snapshot(volume, name)
        say(safe_text(f"snapshot {name} of {volume} is given up"))
        return Exit.OK

    raise typer.Exit(run(work()))
