"""What the doctor and the support bundle look at; they ask nobody anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.diagnosis.check import Surroundings
    from backend.vault import Vault


@contextmanager
def vault_if_open() -> Iterator[Vault | None]:
    """The vault, unlocked if that needs no person; None when there is none or it can't be opened at all."""
    from backend.vault import VaultError
    from console.cli.session import open_vault

    vault = None
    with suppress(VaultError, OSError):
        vault = open_vault(ask=False, extend=False, quiet=True)
    try:
        yield vault
    finally:
        if vault is not None:
            vault.close()


def surroundings(vault: Vault | None, *, offline: bool) -> Surroundings:
    """``offline``: no cluster is asked."""
    from backend.diagnosis.check import Surroundings

    fleet = None
    if vault is not None and not offline:
        from backend.fleet.fleet import Fleet
        from backend.fleet.registry import members

        fleet = Fleet(members(vault))
    return Surroundings(environ=os.environ, vault=vault, fleet=fleet)
