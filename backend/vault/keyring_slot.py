"""A key slot whose key lies in the desktop's keyring: the session that is logged in opens the vault.

The keyring holds 32 random bytes that are good for this one slot, never anything of a cluster. Whoever can
read the keyring of a running session (any program of the same user, on most desktops) can open the vault.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from backend.vault import os_keyring
from backend.vault.errors import VaultDamaged, WrongKey
from backend.vault.format import KEY_BYTES
from backend.vault.keys import MasterKey
from backend.vault.os_keyring import PATIENT_SECONDS, KeyringUnusable
from backend.vault.slots import KEYRING, Slot, Way, unwrapped


class Params(msgspec.Struct, frozen=True):
    backend: str
    """Which keyring it was, for people."""


def keyring_way(*, store: bytes, label: str) -> Way:
    """A fresh key, kept in the keyring already. Raises KeyringUnusable."""
    slot_id, kek = os.urandom(16), bytearray(os.urandom(KEY_BYTES))
    backend = os_keyring.put(_entry(store, slot_id), kek)
    params = msgspec.json.encode(Params(backend=backend)).decode()
    return Way(kind=KEYRING, label=label, params_json=params, kek=kek, slot_id=slot_id)


def open_by_keyring(
    slots: Sequence[Slot], *, store: bytes, epoch: int, seconds: float = PATIENT_SECONDS
) -> tuple[Slot, MasterKey]:
    """Raises KeyringUnusable; WrongKey when the keyring holds no key of this vault; VaultDamaged."""
    for slot in slots:
        if slot.kind != KEYRING:
            continue
        kek = os_keyring.get(_entry(store, slot.slot_id), seconds=seconds)
        master = unwrapped(slot, kek, store=store, epoch=epoch) if kek is not None else None
        if master is not None:
            return slot, master
    raise WrongKey(
        "The keyring of this session holds no key of this vault.",
        advice="Use the passphrase. A keyring slot works only in the desktop session it was added in.",
    )


def backend_of(slot: Slot) -> str:
    """The name of the keyring that holds the slot's key. Raises VaultDamaged."""
    try:
        return msgspec.json.decode(slot.params_json.encode(), type=Params).backend
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise VaultDamaged("A keyring slot of the vault can't be read.") from error


def forget(slot_id: bytes, *, store: bytes) -> bool:
    """Take a slot's key out of the keyring; False: the keyring could not be asked (the key is void)."""
    try:
        os_keyring.delete(_entry(store, slot_id))
    except KeyringUnusable:
        return False
    return True


def _entry(store: bytes, slot_id: bytes) -> str:
    return f"vault {store.hex()[:12]} slot {slot_id.hex()}"
