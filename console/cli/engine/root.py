"""``navarch engine recover``, ``events``, ``metrics`` and ``verify``."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from backend.text import safe_text
from console.cli.engine.acting import act
from console.cli.engine.asking import Output, engine, show
from console.cli.engine.completing import pools, snapshots, subjects, volumes
from console.cli.exits import Exit
from console.cli.root import new_app
from console.cli.running import run
from console.cli.tables import moment

app = new_app("The block engine: replicated volumes on directories of this machine.")


@app.callback()
def _engine() -> None:
    """The block engine: replicated volumes on directories of this machine."""


@app.command()
def recover(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIRECTORY…]", help="Pools to look at besides those that are known."),
    ] = None,
    moved: Annotated[
        bool,
        typer.Option("--moved", help="Start replicas where they are now: their originals are gone for sure."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask about --moved.")] = False,
) -> None:
    """Bring back all pools and volumes by looking at disks; nothing else is needed.

    For an engine that lost its state, or disks that came from another one.
    """
    from backend.storage.acts import engines

    here = [path.absolute() for path in paths or ()]
    act(lambda asked: engines.recover(asked, here, moved=moved), yes=yes)


@app.command()
def renew(
    volume: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VOLUME…]", help="Names or ids; none: all.", autocompletion=volumes),
    ] = None,
) -> None:
    """Restart what still runs an older program, after an upgrade: one process at a time.

    First the engine's own process, which no reads or writes pass. Then each replica, once all others are in
    sync, and the controller last; what is attached waits for a moment then. What is of this code already
    is left alone.
    """
    from backend.storage.acts import engines

    act(lambda asked: engines.renew(asked, volume or ()))


@app.command()
def clone(
    volume: Annotated[
        str,
        typer.Argument(metavar="VOLUME", help="Name or id.", autocompletion=volumes, show_default=False),
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new volume's name.")],
    snapshot: Annotated[
        str,
        typer.Option(
            "--snapshot",
            metavar="SNAPSHOT",
            help="From this one; else from what it is now.",
            autocompletion=snapshots,
        ),
    ] = "",
    replicas: Annotated[
        int, typer.Option("--replicas", min=0, max=3, help="0: as many as the original has.")
    ] = 0,
    pool: Annotated[
        list[str] | None,
        typer.Option("--pool", metavar="POOL", help="Where, once for each replica.", autocompletion=pools),
    ] = None,
) -> None:
    """Make a new volume with the bytes of another one; both are used on, and independent."""
    from backend.storage.acts import snapshots as acts

    act(lambda asked: acts.clone(asked, volume, name, snapshot=snapshot, replicas=replicas, pools=pool or ()))


@app.command()
def scrub(
    volume: Annotated[
        str,
        typer.Argument(metavar="VOLUME", help="Name or id.", autocompletion=volumes, show_default=False),
    ],
) -> None:
    """Read, verify and compare every block of every replica; what one of them has right is mended.

    Ends with 1 if something could not be mended.
    """
    from backend.storage.acts import volumes as acts

    act(lambda asked: acts.scrub(asked, volume))


@app.command()
def events(
    about: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Only about this volume or pool.", autocompletion=subjects)
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
    output: Output = "table",  # type: ignore[assignment]
) -> None:
    """Print what happened in the engine, the newest last."""

    async def work() -> int:
        asked, number = engine(), 0
        found = await asked.events(about=about)
        show(found, output, ("TIME", "ABOUT", "WHAT"), lambda one: (moment(one.time), one.about, one.text))
        while follow:
            number = found[-1].number if found else number
            found = await asked.events(number, wait=30, about=about)
            if found:
                show(found, output, (), lambda one: (moment(one.time), one.about, one.text))
        return Exit.OK if found else Exit.NOTHING

    raise typer.Exit(run(work()))


@app.command()
def metrics() -> None:
    """Print the Prometheus metrics: under maya's names and under ours."""

    async def work() -> int:
        text = await engine().metrics()
        typer.echo("\n".join(safe_text(line) for line in text.rstrip("\n").split("\n")))
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def verify(
    operations: Annotated[int, typer.Option(min=1, help="How many operations to judge.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same troubles.")] = 1,
    replicas: Annotated[int, typer.Option(min=2, max=3, help="2 get a witness.")] = 3,
    disks: Annotated[
        bool, typer.Option("--disks", help="Power losses, full and failing disks, too.")
    ] = False,
    restores: Annotated[
        bool, typer.Option("--restores/--no-restores", help="Take it back to snapshots now and then.")
    ] = True,
) -> None:
    """Judge the engine itself: a scratch volume under load while its processes are killed and cut off.

    Every answer must be one that a single disk could have given. Works in a temporary folder; no engine
    has to run. Ends with 1 if one answer was wrong.
    """
    from backend.storage.local import engine_command, engine_environment

    words = ["verify", "--operations", str(operations), "--seed", str(seed), "--replicas", str(replicas)]
    words += ["--disks"] if disks else []
    words += ["--restores" if restores else "--no-restores"]
    done = subprocess.run(engine_command(*words), env=engine_environment(), check=False)
    raise typer.Exit(Exit.FAILED if done.returncode else Exit.OK)
