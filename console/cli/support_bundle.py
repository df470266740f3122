"""``navarch support-bundle``: what a person may send to somebody who helps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.opening import demand_yes
from console.cli.root import new_app
from console.cli.tables import print_table

app = new_app("Pack what helps somebody to help you, without secrets and names.")


@app.command()
def support_bundle(
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to; default: this folder.")
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Say in it which cluster is which (needs the open vault).")
    ] = False,
    online: Annotated[bool, typer.Option("--online", help="Let the doctor ask the clusters too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask, write it.")] = False,
) -> None:
    """Show what would be packed, ask, then write a tar.gz: versions, doctor, settings, states, Navarch's log.

    No secrets, no object names; clusters and hosts under pseudonyms. An open vault is used to make sure of
    that: a bundle in which anything secret of it were found is not written.
    """
    import asyncio
    from dataclasses import asdict

    from backend.diagnosis.bundle import BundleRefused, forbidden, gather, legend, write
    from backend.diagnosis.doctor import examine
    from backend.fleet.registry import members
    from backend.log import entries, user_redactor
    from backend.vault import VaultLocked
    from console.cli.surroundings import surroundings, vault_if_open
    from console.settings import users_settings
    from console.settings.shareable import shareable
    from console.terminal.traits import detect

    path = output or Path(time.strftime("navarch-support-%Y%m%d-%H%M%S.tar.gz"))
    with vault_if_open() as vault:
        if names and vault is None:
            raise VaultLocked("The names of clusters are in the vault, and it is locked.")
        redactor = user_redactor()
        if vault is not None:
            redactor.conceal({member.name: member.id for member in members(vault)})
        diagnosis = asyncio.run(examine(surroundings(vault, offline=not online)))
        pieces = gather(
            diagnosis=diagnosis,
            entries=entries(),
            redactor=redactor,
            settings=shareable(users_settings().values),
            traits=asdict(detect()),
            vault=vault,
        )
        if names and vault is not None:
            pieces.append(legend(members(vault), redactor))
        secrets = forbidden(vault, names=not names) if vault is not None else []
        print_table(("FILE", "BYTES", "WHAT IS IN IT"), [(p.name, len(p.content), p.about) for p in pieces])
        if path.exists():
            raise BundleRefused(f"{path} exists already.", "Name another file: -o FILE")
        if not yes:
            demand_yes(f"Write these {len(pieces)} files, and nothing else, to {path}?")
        write(pieces, path, forbidden=secrets)
    if vault is None:
        say("no vault is open, so nothing about one was packed")
    say(f"wrote {path}", "Look into it before you send it: tar xzf")
    raise typer.Exit(Exit.OK)
