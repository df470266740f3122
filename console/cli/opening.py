"""Opening the vault to change its keys: with a secret given now, never by what was unlocked before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from console.cli import prompt
from console.cli.exits import Exit
from console.cli.failures import say

if TYPE_CHECKING:
    from backend.vault import Vault


def opened(
    question: str = "Passphrase of the vault", *, identity: Path | None = None
) -> tuple[Vault, list[str]]:
    """The vault, opened by a passphrase, a recovery code or an age identity given now, and what was typed.

    The unlock cache and the desktop's keyring are not enough: whoever found an unlocked terminal has those.
    """
    from backend.vault import Vault, VaultLocked, harden_process
    from console.cli.session import given_secret

    harden_process()
    vault = Vault.open()
    if identity is not None:
        from functools import partial

        from backend.vault.age_slot import open_by_identity

        vault.unlock_by(partial(open_by_identity, identity_file=identity))
        return vault, []
    secret = given_secret()
    if secret is None:
        if not prompt.person_present():
            raise VaultLocked("The vault's passphrase is needed, and nobody is at a terminal.")
        secret = prompt.ask_secret(question)
    vault.unlock(secret)
    for notice in vault.notices:
        say(notice)
    return vault, [secret]


def typed_new(question: str) -> str:
    """A new passphrase, typed twice. Raises NoTerminal."""
    if not prompt.person_present():
        raise prompt.NoTerminal(
            "a new passphrase is needed, and nobody is at a terminal to type it",
            "Name a file or a command in NAVARCH_PASSWORD_FILE or NAVARCH_PASSWORD_COMMAND "
            "(for a changed passphrase: NAVARCH_NEW_PASSWORD_FILE or _COMMAND).",
        )
    return prompt.ask_new_passphrase(question)


def show_code(code: str, *, label: str = "Recovery code") -> None:
    """A recovery code goes to stdout, the words about it to stderr."""
    say(f"{label}: write it down and keep it away from this machine; it is shown only now.")
    print(code)


def demand_yes(question: str) -> None:
    """Go on only if a person agrees; raises NoTerminal, or ends with the code for refused."""
    if not prompt.person_present():
        raise prompt.NoTerminal("nobody is at a terminal to agree to this", "Add --yes.")
    if not prompt.agree(question):
        raise typer.Exit(Exit.REFUSED)
