"""``navarch engine snapshot``: what a volume was at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.text import safe_text
from console.cli.engine.acting import act
from console.cli.engine.asking import Form, Output, Yes, engine, show
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
    from backend.storage.acts import snapshots

    act(lambda asked: snapshots.take(asked, volume, name))


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
    from backend.storage.acts import snapshots

    act(lambda asked: snapshots.restore(asked, volume, name, keep=keep), yes=yes)


@app.command()
def delete(volume: Volume, name: Name, yes: Yes = False) -> None:
    """Give a snapshot up; its space comes back in the background. Refused while it is attached."""
    from backend.storage.acts import snapshots

    act(lambda asked: snapshots.delete(asked, volume, name), yes=yes)
