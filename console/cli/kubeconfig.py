"""``navarch kubeconfig``: a kubeconfig without secrets, for kubectl, helm and everything that reads one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from console.cli.completing import cluster_list
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.own_path import own_environment, own_program

app = new_app("Print a kubeconfig without secrets that asks the vault.")


@app.command()
def kubeconfig(
    clusters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[@CLUSTERS]…",
            help="Names, globs, #tags, groups. Default: all.",
            autocompletion=cluster_list,
        ),
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
    text = asking_kubeconfig(usable, program=own_program(), environment=own_environment())
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
