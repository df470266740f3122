"""Acts of ``navarch engine``: preview, agreement, journal; the same plans as the Storage screen's."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

import typer

from backend.text import SafeStr
from console.cli import prompt
from console.cli.engine.asking import engine, progress_line
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.running import run

if TYPE_CHECKING:
    from backend.journal import Journal
    from backend.storage.acts import Plan
    from backend.storage.engine import BlockEngine


def act(
    draw_up: Callable[[BlockEngine], Awaitable[Plan]], *, yes: bool | None = None, advice: str = ""
) -> None:
    """Draw an act up, have it agreed to where something is lost, do it, say what came of it.

    ``yes`` None: this act never asks. Ends the command with its exit code.
    """

    async def work() -> int:
        await acted(await draw_up(engine()), yes=yes, advice=advice)
        return Exit.OK

    raise typer.Exit(run(work()))


async def acted(plan: Plan, *, yes: bool | None = None, advice: str = "") -> SafeStr:
    """Have it agreed to and do it; what came of it, which was said. Raises typer.Exit, StorageFailure."""
    from backend.storage.acts import carry_out

    if yes is not None:
        _agreed(plan, yes=yes)
    with open_journal() as journal, progress_line() as told:
        # Whoever says yes on the command line has typed the name there.
        sentence = await carry_out(plan, journal=journal, confirmed=plan.must_type, told=told)
    say(sentence, advice)
    return sentence


def _agreed(plan: Plan, *, yes: bool) -> None:
    """Go on only if a person says so, or said so before. Raises typer.Exit (refused for safety)."""
    if yes or not plan.danger:
        return
    if not prompt.person_present():
        say("this asks first, and there is no terminal", "Add --yes if you are sure.")
        raise typer.Exit(Exit.REFUSED)
    print(f"{plan.about}: {plan.effect}", file=sys.stderr)
    for line in plan.falls:
        print(f"    lost with it: {line}", file=sys.stderr)
    for line in plan.warnings:
        print(f"    note: {line}", file=sys.stderr)
    typed = plan.must_type
    if not (prompt.agree_by_typing("This can't be undone.", typed) if typed else prompt.agree("Go on?")):
        say("nothing was changed")
        raise typer.Exit(Exit.REFUSED)


@contextlib.contextmanager
def open_journal() -> Iterator[Journal | None]:
    """The vault's journal, if the vault is open now or a script brought its passphrase.

    A locked vault is not asked to be opened for this: the engine needs none of its secrets.
    """
    from backend.journal import Journal
    from backend.vault import Vault, VaultError, VaultMissing, harden_process
    from console.cli.session import given_secret

    harden_process()
    vault: Vault | None = None
    try:
        try:
            vault = Vault.open()
            opened = vault.unlock_cached(extend=False)
            if not opened and (given := given_secret()) is not None:
                vault.unlock(given)
                opened = True
        except VaultMissing:
            opened = False
        except (VaultError, OSError) as error:
            opened = False
            say(f"this is not in the journal: {getattr(error, 'sentence', error)}")
        yield Journal(vault) if vault is not None and opened else None
    finally:
        if vault is not None:
            vault.close()
