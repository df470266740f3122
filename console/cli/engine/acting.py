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
    """The vault's journal if the vault is open now; a locked one is not asked to be opened for this."""
    from backend.journal import Journal
    from backend.vault import Vault, VaultError, harden_process

    harden_process()
    try:
        vault = Vault.open()
    except (VaultError, OSError):
        yield None
        return
    try:
        opened = False
        with contextlib.suppress(VaultError, OSError):
            opened = vault.unlock_cached(extend=False)
        yield Journal(vault) if opened else None
    finally:
        vault.close()
