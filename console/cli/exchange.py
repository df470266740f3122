"""``navarch vault export`` and ``import``: clusters for another machine, sealed or in the clear."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.text import counted
from console.cli import prompt
from console.cli.completing import cluster_list
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.vault import app

if TYPE_CHECKING:
    from backend.fleet.registry import Known

WORDS_TO_TYPE = "plaintext"


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    clusters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[@CLUSTERS]…", help="Default: all.", autocompletion=cluster_list),
    ] = None,
    plaintext: Annotated[
        bool, typer.Option("--plaintext-kubeconfig", help="An ordinary kubeconfig with all secrets readable.")
    ] = False,
) -> None:
    """Write clusters to a sealed file under a passphrase of its own; read it with: navarch vault import."""
    from backend.fleet.registry import record
    from backend.vault.exchange import export_sealed
    from console.cli.session import NEW_PREFIX, given_secret, open_vault
    from console.cli.vaulted import chosen

    vault = open_vault()
    known = chosen(vault, clusters or [])
    if plaintext:
        _in_the_clear(file, known)
        return
    words = given_secret(NEW_PREFIX)
    if words is None:
        if not prompt.person_present():
            raise prompt.NoTerminal(
                "the sealed file needs a passphrase", "Name it in NAVARCH_NEW_PASSWORD_FILE or _COMMAND."
            )
        words = prompt.ask_new_passphrase("Passphrase for the sealed file")
    count = export_sealed(
        vault, file, passphrase=words, kinds=[record.KIND], only={entry.id for entry in known}
    )
    say(f"wrote {counted(count, 'cluster')} to {file}; approvals of programs stay here")


def _in_the_clear(file: Path, known: list[Known]) -> None:
    from backend.fleet.registry.kubeconfig import plain_kubeconfig, write_private

    if not prompt.person_present():
        raise prompt.NoTerminal(
            "writing secrets in the clear needs a person", "Export a sealed file instead."
        )
    question = (
        f"{file} will hold the keys of {counted(len(known), 'cluster')}, readable for every program of yours."
    )
    if not prompt.agree_by_typing(question, WORDS_TO_TYPE):
        raise typer.Exit(Exit.REFUSED)
    write_private(file, plain_kubeconfig(known))
    say(f"wrote {file} (mode 600)")


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="A file written by: navarch vault export")]) -> None:
    """Take clusters from a sealed file into the vault; nothing in it is overwritten."""
    from backend.fleet.registry import Registry
    from backend.vault.exchange import read_sealed
    from console.cli.session import NEW_PREFIX, given_secret, open_vault

    vault = open_vault()
    words = given_secret(NEW_PREFIX)
    if words is None:
        if not prompt.person_present():
            raise prompt.NoTerminal(
                "the sealed file's passphrase is needed", "Name it in NAVARCH_NEW_PASSWORD_FILE or _COMMAND."
            )
        words = prompt.ask_secret("Passphrase of the sealed file")
    entries = read_sealed(file, words)
    merged = Registry(vault).adopt(entries, source=f"from {file}")
    say(f"{counted(len(merged.added), 'cluster')} added, {len(merged.known)} were there already")
    if merged.differing:
        say(f"{len(merged.differing)} differ from yours and were left as you have them")
