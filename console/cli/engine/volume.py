"""``navarch engine volume``: replicated volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.engine.acting import act, acted
from console.cli.engine.asking import Form, Output, Yes, engine, show, whole
from console.cli.engine.completing import attachable, attached
from console.cli.engine.completing import pools as pool_names
from console.cli.engine.completing import volumes as volume_names
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import run

if TYPE_CHECKING:
    from backend.storage.model import Volume

app = new_app("Volumes: bytes kept on several pools at once.")
Name = Annotated[
    str, typer.Argument(metavar="VOLUME", help="Name or id.", autocompletion=volume_names, show_default=False)
]
Overcommit = Annotated[
    bool, typer.Option("--overcommit", help="Even beyond what a replica's file system has in all.")
]
TITLES = ("NAME", "HEALTH", "SIZE", "REPLICAS", "DEVICE", "READS", "WRITES", "LATENCY", "NOW")


@app.callback()
def _volume() -> None:
    """Volumes: bytes kept on several pools at once."""


def bytes_of(text: str) -> int:
    """A size of the command line. Raises typer.BadParameter."""
    from backend.storage.words import read_size

    try:
        return read_size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Size = Annotated[int, typer.Option("--size", metavar="SIZE", parser=bytes_of, help="1G, 512M or bytes.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a-z, 0-9 and -, 63 at most.")],
    size: Size,
    replicas: Annotated[
        int, typer.Option("--replicas", min=1, max=3, help="1, 2 (and a witness, which keeps no data) or 3.")
    ] = 3,
    pool: Annotated[
        list[str] | None,
        typer.Option(
            "--pool", metavar="POOL", help="Where, once for each replica.", autocompletion=pool_names
        ),
    ] = None,
    block_size: Annotated[int, typer.Option("--block-size", help="512 or 4096.")] = 4096,
) -> None:
    """Make a volume. Its replicas go to different disks as far as there are any."""
    from backend.storage.acts import volumes

    act(
        lambda asked: volumes.create(
            asked, name, size=size, replicas=replicas, block_size=block_size, pools=pool or ()
        ),
        advice=f"navarch engine volume attach {name}",
    )


def row(volume: Volume) -> tuple[object, ...]:
    """A volume in a table."""
    from backend.storage import words

    rates = volume.rates
    now = "; ".join(words.progress(work) for work in volume.work) or volume.state
    return (
        volume.name,
        words.signed(volume.health),
        words.size(volume.size),
        words.replicas(volume),
        words.device(volume),
        f"{words.rate(rates.reads)}/s {words.size(rates.read_bytes)}/s" if rates.reads >= 0.05 else "-",
        f"{words.rate(rates.writes)}/s {words.size(rates.write_bytes)}/s" if rates.writes >= 0.05 else "-",
        words.latency(max(rates.read_latency, rates.write_latency)) or "-",
        now,
    )


@app.command("list")
def list_volumes(output: Output = Form.TABLE) -> None:
    """List volumes: health, replicas in sync, where they are attached, what goes through.

    Ends with 5 if there are none.
    """

    async def work() -> int:
        found = await engine().volumes()
        show(found, output, TITLES, row)
        if not found:
            say("there are no volumes yet", "navarch engine volume create NAME --size 1G")
        return Exit.OK if found else Exit.NOTHING

    raise typer.Exit(run(work()))


@app.command("show")
def show_volume(name: Name, output: Output = Form.TABLE) -> None:
    """Show one volume: its replicas and processes, what goes through, what happened, what is wrong."""
    from console.cli.engine.showing import print_volume

    async def work() -> int:
        asked = engine()
        volume = await asked.volume(name)
        if output != Form.TABLE:
            whole(volume, output)
            return Exit.OK
        findings, events = await asked.explain(name), await asked.events(about=volume.name)
        print_volume(volume, findings, events)
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def delete(name: Name, yes: Yes = False) -> None:
    """Delete a volume, its snapshots and all its bytes. Refused while it is attached."""
    from backend.storage.acts import volumes

    act(lambda asked: volumes.delete(asked, name), yes=yes)


@app.command()
def resize(
    name: Name,
    size: Annotated[
        int,
        typer.Argument(
            metavar="SIZE", parser=bytes_of, help="The new size: 2G, 512M or bytes.", show_default=False
        ),
    ],
    overcommit: Overcommit = False,
) -> None:
    """Make a volume larger while it is used; it can't shrink.

    A device that is attached shows the new size when it is attached again.
    """
    from backend.storage.acts import volumes

    async def work() -> int:
        plan = await volumes.resize(engine(), name, size, overcommit=overcommit)
        await acted(plan, advice=" ".join(plan.warnings))
        return Exit.OK

    raise typer.Exit(run(work()))


def limit_of(text: str) -> int:
    """Bytes a second of the command line, 0 for ``off``. Raises typer.BadParameter."""
    return 0 if text == "off" else bytes_of(text)


@app.command()
def pace(
    name: Name,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="RATE|off", parser=limit_of, help="Bytes a second: 50M; off: none."),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option("--share", min=0.01, max=1, help="The part of the time, while clients are active."),
    ] = None,
) -> None:
    """Limit a volume's rebuilds, scrubs, merges and restores, from now on and also those under way.

    It outlives the volume's controller, not the engine. What is not given stays as it is.
    """
    if limit is None and share is None:
        raise typer.BadParameter("give --limit, --share or both")

    async def work() -> int:
        from backend.storage.acts import volumes
        from backend.storage.model import Pace

        asked = engine()
        known = (await asked.volume(name)).pace or Pace()
        wanted = Pace(known.limit if limit is None else limit, known.share if share is None else share)
        await acted(await volumes.pace(asked, name, wanted))
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def attach(
    name: Annotated[
        str,
        typer.Argument(
            metavar="VOLUME[@SNAPSHOT]", help="Name or id.", autocompletion=attachable, show_default=False
        ),
    ],
    by: Annotated[
        str, typer.Option("--by", metavar="HOW", help="auto, nbd-client or nbdfuse (with a loop device).")
    ] = "auto",
) -> None:
    """Make a volume a block device of this machine, and print the device.

    With nbd-client where the kernel has nbd, else with nbdfuse and a loop device (as root; others get a
    file). It stays usable while the volume's processes are replaced. A snapshot (demo@monday) can only be
    read, beside the volume or without it: to look up what a file was.
    """
    if by not in ("auto", "nbd-client", "nbdfuse"):
        raise typer.BadParameter(f"{by!r} is none of auto, nbd-client, nbdfuse")

    from console.cli.engine.attaching import attached_here

    raise typer.Exit(run(attached_here(name, by)))


@app.command()
def detach(
    name: Annotated[
        str,
        typer.Argument(
            metavar="VOLUME[@SNAPSHOT]", help="Name or id.", autocompletion=attached, show_default=False
        ),
    ],
) -> None:
    """Take a volume's or a snapshot's device away. Refused while it is mounted."""
    from backend.storage.acts import volumes

    act(lambda asked: volumes.detach(asked, name))


@app.command()
def explain(
    name: Annotated[
        str,
        typer.Argument(metavar="[VOLUME]", help="Name or id; all if not given.", autocompletion=volume_names),
    ] = "",
    output: Output = Form.TABLE,
) -> None:
    """Say why a volume is not as it should be, and what to do next.

    Ends with 1 when something is failing.
    """
    from console.cli.engine.explaining import print_findings

    async def work() -> int:
        asked = engine()
        found = await asked.explain(name) if name else await asked.findings()
        if output != Form.TABLE:
            whole(found, output)
        elif found:
            print_findings(found)
        else:
            say(f"{name or 'everything'} is as it should be")
        return Exit.FAILED if any(one.severity == "failing" for one in found) else Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def watch(
    name: Annotated[
        str, typer.Argument(metavar="[VOLUME]", help="Only this one.", autocompletion=volume_names)
    ] = "",
    interval: Annotated[float, typer.Option("--interval", min=0.5, help="Seconds between looks.")] = 2.0,
    output: Output = Form.TABLE,
) -> None:
    """Show volumes again and again: on a terminal in place, else one block after the other."""
    from console.cli.engine.watching import watch as watched

    raise typer.Exit(run(watched(name, interval, output)))
