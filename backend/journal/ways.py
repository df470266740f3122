"""Who changed the ways into the vault: one line each, the same from the console and the command line."""

from __future__ import annotations

from backend.journal.journal import Journal
from backend.vault import Vault
from backend.vault.slots import Slot


def note_added(vault: Vault, slot: Slot) -> None:
    Journal(vault).append("vault slot add", object=f"{slot.kind} {slot.name}", detail=slot.label)


def note_changed(vault: Vault) -> None:
    """A passphrase took the place of another."""
    Journal(vault).append("vault passwd")


def note_removed(vault: Vault, slot: Slot) -> None:
    detail = f"{slot.label}; the vault's key is new"
    Journal(vault).append("vault slot remove", object=f"{slot.kind} {slot.name}", detail=detail)
