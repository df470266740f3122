"""Where a vault's events are kept, if they are: the one way in for the console and the command line."""

from __future__ import annotations

from backend.observe.events.store import EventStore, Limits
from backend.text import SafeStr, safe_text
from backend.vault import Vault, VaultError

_NOTHING = SafeStr("")


def store_of(vault: Vault, *, days: int, megabytes: int) -> tuple[EventStore | None, SafeStr]:
    """The store of an unlocked vault, and what is wrong with it; none when nothing is to be kept, or can be.

    ``days``: 0 keeps nothing. A vault that can't be written to now must not keep anybody from looking.
    """
    if not days:
        return None, _NOTHING
    try:
        return EventStore.beside(vault, limits=Limits(days=days, megabytes=megabytes)), _NOTHING
    except VaultError as error:
        return None, safe_text(f"events are not kept: {error.sentence} {error.advice}")
