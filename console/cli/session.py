"""Opening the vault or a kubeconfig for a command: the same way everywhere.

The order: the unlock cache; NAVARCH_PASSWORD_FILE or NAVARCH_PASSWORD_COMMAND; the desktop's keyring, if
the vault has a slot for it and was not locked on purpose; a prompt, if a person is at the terminal; otherwise
exit code 3.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from backend.fleet.acting import acting_as
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from console.cli import prompt
from console.cli.acting import chosen
from console.cli.failures import say
from console.cli.programs import approved_for_now

if TYPE_CHECKING:  # a kubeconfig in memory needs no vault, and its first line must not wait for one
    from backend.vault import Vault

PREFIX = "NAVARCH_PASSWORD"
NEW_PREFIX = "NAVARCH_NEW_PASSWORD"
COMMAND_SECONDS = 60
LONGEST_SECRET = 64 * 1024


def open_fleet(
    kubeconfig: Path | None, *, acting: bool = False, besides: Callable[[Vault], None] | None = None
) -> Fleet:
    """The fleet of the vault, or of a kubeconfig in memory; what can't be used is told on stderr.

    ``acting``: the command changes clusters, so the vault stays open for its journal until the fleet is
    closed; otherwise its keys are dropped at once. ``besides``: what else the command needs of the vault
    while it is open. ``--as`` of the command holds for every cluster. Raises the vault's errors (exit code 3
    when locked), KubeconfigError.
    """
    if kubeconfig is None:
        from backend.fleet.registry import members

        vault = open_vault()
        keep = False
        try:
            known = acting_as(members(vault), chosen())
            if besides is not None:
                besides(vault)
            keep = acting
            person = prompt.person_present()
            if not acting:
                return Fleet(known, attended=person)
            from backend.journal import Journal

            return Fleet(known, journal=Journal(vault), on_close=vault.close, attended=person)
        finally:
            if not keep:
                vault.close()
    found, problems = members_of(kubeconfig)
    for problem in problems:
        say(problem)
    return Fleet(acting_as(approved_for_now(found), chosen()), attended=prompt.person_present())


def open_vault(*, ask: bool = True, extend: bool = True, quiet: bool = False) -> Vault:
    """The user's vault, unlocked. ``ask``: prompt if a person is there. Raises VaultLocked, VaultMissing…

    A passphrase that was typed opens the vault for the next commands too (the unlock cache); one from a
    script does not need to.
    """
    from backend.vault import Vault, VaultLocked, harden_process
    from backend.vault.lock_mark import note_unlock

    harden_process()
    vault = Vault.open()
    try:
        if not vault.unlock_cached(extend=extend):
            given = given_secret()
            if given is not None:
                vault.unlock(given)
            elif opens_itself(vault):
                vault.remember()
            elif ask and prompt.person_present():
                vault.unlock(prompt.ask_secret("Passphrase of the vault"))
                vault.remember()
                note_unlock(vault)
            else:
                raise VaultLocked("The vault is locked.")
        if not quiet:
            for notice in vault.notices:
                say(notice)
    except BaseException:
        vault.close()
        raise
    return vault


def opens_itself(vault: Vault) -> bool:
    """Whether the desktop's keyring opened the vault: it has a slot for it, and nobody locked on purpose."""
    from backend.vault import WrongKey
    from backend.vault.keyring_slot import open_by_keyring
    from backend.vault.lock_mark import read_mark
    from backend.vault.os_keyring import SECONDS, KeyringUnusable
    from backend.vault.slots import KEYRING

    if read_mark(vault.path).on_purpose or not any(slot.kind == KEYRING for slot in vault.slots):
        return False
    try:
        vault.unlock_by(partial(open_by_keyring, seconds=SECONDS))
    except (KeyringUnusable, WrongKey):
        return False
    return True


def given_secret(prefix: str = PREFIX) -> str | None:
    """A passphrase from the file or the command that the environment names; None: neither is named.

    Raises UnsafeFile for a file that others can read, VaultLocked when the command fails.
    """
    file, command = os.environ.get(f"{prefix}_FILE"), os.environ.get(f"{prefix}_COMMAND")
    if file:
        return _line(_from_file(Path(file), f"{prefix}_FILE"))
    if command:
        return _line(_from_command(command, f"{prefix}_COMMAND"))
    return None


def _from_file(path: Path, variable: str) -> bytes:
    from backend.vault import UnsafeFile, VaultLocked

    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
                raise UnsafeFile(
                    f"The file named by {variable} can be read by others.", advice=f"chmod 600 {path}"
                )
            return file.read(LONGEST_SECRET)
    except OSError as error:
        raise VaultLocked(f"The file named by {variable} can't be read: {error.strerror}.") from error


def _from_command(command: str, variable: str) -> bytes:
    import subprocess

    from backend.vault import VaultLocked

    try:
        done = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise VaultLocked(f"The command in {variable} can't be run: {reason}.") from None
    if done.returncode:
        raise VaultLocked(f"The command in {variable} failed with code {done.returncode}.")
    return done.stdout[:LONGEST_SECRET]


def _line(content: bytes) -> str:
    """The first line; editors end it with a line break that is no part of the passphrase."""
    return content.decode("utf-8", "surrogateescape").split("\n", 1)[0].rstrip("\r")
