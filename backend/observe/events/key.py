"""The key that stored events are sealed with: random, an entry of the vault, new when the vault's key is.

It is no part of the vault's own key hierarchy, so that taking away a way into the vault (which makes a new
master key) needs not seal all events again at once: the key before this one stays known until they are.
"""

from __future__ import annotations

import hashlib
import os

import msgspec

from backend.vault import Vault
from backend.vault.draft import Draft
from backend.vault.format import KEY_BYTES
from backend.vault.keys import expand

KIND = "events"
_ID = hashlib.sha256(b"navarch events key").hexdigest()[:32]


class _Kept(msgspec.Struct):
    key: bytes
    epoch: int
    """The vault's, when this key was made."""
    before: bytes = b""


class EventKey:
    """One key with what is derived from it; :meth:`wipe` overwrites it."""

    __slots__ = ("folder", "names", "seal")

    def __init__(self, secret: bytes) -> None:
        self.seal = expand(secret, salt=b"", label="events")
        self.names = expand(secret, salt=b"", label="events names")
        self.folder = expand(secret, salt=b"", label="events folder", length=8).hex()
        """Name of the folder of what is sealed with it; says nothing about the key."""

    def wipe(self) -> None:
        for part in (self.seal, self.names):
            part[:] = bytes(len(part))

    def __repr__(self) -> str:
        return "<EventKey>"


def event_keys(vault: Vault) -> tuple[EventKey, EventKey | None]:
    """(the key, the one before it or None) of an unlocked vault; made when there is none.

    Raises the vault's errors.
    """
    kept = _read(vault)
    if kept is None or kept.epoch != vault.meta.epoch:
        with vault.transaction() as draft:
            kept = _renewed(draft)
    return EventKey(kept.key), EventKey(kept.before) if kept.before else None


def _read(vault: Vault) -> _Kept | None:
    return next((_decoded(record.data) for record in vault.records(KIND) if record.id == _ID), None)


def _renewed(draft: Draft) -> _Kept:
    """What another window may have made meanwhile, or a new key."""
    found = next((record for record in draft.records(KIND) if record.id == _ID), None)
    old = _decoded(found.data) if found is not None else None
    if old is not None and old.epoch == draft.master.epoch:
        return old
    kept = _Kept(os.urandom(KEY_BYTES), draft.master.epoch, old.key if old is not None else b"")
    version = found.version if found is not None else None
    draft.put(KIND, msgspec.msgpack.encode(kept), record_id=_ID, version=version)
    return kept


def _decoded(data: bytes) -> _Kept | None:
    try:
        return msgspec.msgpack.decode(data, type=_Kept)
    except msgspec.MsgspecError:
        return None
