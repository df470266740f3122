"""``navarch kubeconfig``: a kubeconfig without secrets, for kubectl, helm and everything that reads one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app

app = new_app("Print a kubeconfig without secrets that asks the vault.")


@app.command()
def kubeconfig(
    clusters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[@CLUSTERS]…", help="Names, globs, #tags, groups. Default: all."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write a new file (mode 600) instead."),
    ] = None,
) -> None:
    """Print a kubeconfig that holds no secret: kubectl asks the vault through ``navarch credential``."""
    from backend.fleet.registry.kubeconfig import asking_kubeconfig, why_not, write_private
    from console.cli.session import open_vault
    from console.cli.vaulted import chosen

    usable, left_out = [], 0
    for known in chosen(open_vault(), clusters or []):
        if reason := why_not(known.record):
            from backend.text import safe_text

            say(f"{safe_text(known.record.name)} is left out: {reason}")
            left_out += 1
        else:
            usable.append(known)
    if not usable:
        say("no cluster to write")
        raise typer.Exit(Exit.NOTHING)
    home = os.environ.get("NAVARCH_HOME")
    environment = [("NAVARCH_HOME", str(Path(home).expanduser().absolute()))] if home else []
    text = asking_kubeconfig(usable, program=own_program(), environment=environment)
    if output is not None:
        write_private(output, text)
        say(f"wrote {output}")
    else:
        sys.stdout.write(text.decode())
    if len(usable) > 1:
        say(
            "no cluster is the current one there, so that no command goes astray",
            "Name one each time (kubectl --context NAME …), or once: kubectl config use-context NAME",
        )
    if left_out:
        raise typer.Exit(Exit.FAILED)


def own_program() -> Path:
    """The absolute path of ``navarch`` as it should be called later."""
    called = Path(sys.argv[0])
    beside = Path(sys.executable).parent / "navarch"
    for candidate in (called, beside):
        if candidate.name == "navarch" and candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.absolute()
    found = shutil.which("navarch")
    if found is None:
        say(
            "the program navarch is not installed where others can call it",
            "Install it (pipx install, or ./dev) and make the kubeconfig again.",
        )
        raise typer.Exit(Exit.FAILED)
    return Path(found).absolute()
