"""Key slots: each wraps the master key under the key of one way in (as LUKS and age do).

A way in is made first, slowly and outside any transaction (Argon2id, the desktop's keyring, an agent);
sealing the master key under it is instant. Passphrases and recovery codes stand here; the ways that need
something outside the vault have files of their own (``keyring_slot``, ``age_slot``, ``agent_slot``).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.vault.errors import VaultDamaged, VaultError, WrongKey
from backend.vault.format import FORMAT, length_prefixed
from backend.vault.kdf import KdfParams, derive, encode_params, normalised, parse_params
from backend.vault.keys import MasterKey, Unauthentic, expand, seal, unseal
from backend.vault.recovery import looks_like_code, parse_code

PASSPHRASE, RECOVERY = "passphrase", "recovery"
KEYRING, AGE, AGENT = "keyring", "age", "ssh-agent"
COMMITMENT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One row of ``keyslots``. Labels are not secret; they are covered by the manifest."""

    slot_id: bytes
    kind: str
    label: str
    params_json: str
    nonce: bytes
    wrapped_smk: bytes
    key_commitment: bytes
    created: int

    @property
    def name(self) -> str:
        """What a person types to mean this slot."""
        return self.slot_id.hex()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A slot in the making: everything but the master key it will wrap. Wiped by ``sealed``."""

    kind: str
    label: str
    params_json: str
    kek: bytearray = field(repr=False)
    """The key-encryption key, 32 bytes."""
    slot_id: bytes = field(default_factory=lambda: os.urandom(16))


def passphrase_way(passphrase: str, *, label: str, params: KdfParams) -> Way:
    kek = derive(normalised(passphrase), params)
    return Way(kind=PASSPHRASE, label=label, params_json=encode_params(params), kek=kek)


def recovery_way(code: str, *, store: bytes, label: str = "recovery code") -> Way:
    """The way of a recovery code (``recovery.new_code``)."""
    raw = parse_code(code)
    if raw is None:
        raise ValueError("not a recovery code")
    return Way(kind=RECOVERY, label=label, params_json="{}", kek=_recovery_kek(raw, store))


def sealed(master: MasterKey, way: Way) -> Slot:
    """The slot that opens ``master`` by this way; the way's key is wiped."""
    kek, store = way.kek, master.store
    aad = _aad(way.slot_id, way.kind, way.params_json, store=store, epoch=master.epoch)
    nonce, wrapped = seal(_wrapping_key(kek, store), bytes(master.secret), aad=aad)
    commitment = _commitment(kek, store)
    kek[:] = bytes(len(kek))
    return Slot(
        slot_id=way.slot_id,
        kind=way.kind,
        label=way.label,
        params_json=way.params_json,
        nonce=nonce,
        wrapped_smk=wrapped,
        key_commitment=commitment,
        created=int(time.time()),
    )


def open_slots(slots: Sequence[Slot], secret: str, *, store: bytes, epoch: int) -> tuple[Slot, MasterKey]:
    """Find the slot that ``secret`` (passphrase or recovery code) opens.

    Raises:
        WrongKey: no slot knows it.
        VaultDamaged, SlotRefused: the slot that might have is damaged or was tampered with.
    """
    code = parse_code(secret)
    troubles: list[VaultError] = []
    for slot in slots:
        try:
            if slot.kind == RECOVERY and code is not None:
                kek = _recovery_kek(code, store)
            elif slot.kind == PASSPHRASE and code is None:
                kek = derive(normalised(secret), parse_params(slot.params_json))
            else:
                continue
            master = unwrapped(slot, kek, store=store, epoch=epoch)
        except VaultError as error:
            troubles.append(error)
            continue
        if master is not None:
            return slot, master
    if troubles:
        raise troubles[0]
    if code is None and looks_like_code(secret):
        raise WrongKey(
            "This looks like a recovery code, but its checksum is wrong.",
            advice="Compare it with your paper: one character was mistyped.",
        )
    what = "recovery code" if code is not None else "passphrase"
    raise WrongKey(f"This {what} does not open the vault.")


def unwrapped(slot: Slot, kek: bytearray, *, store: bytes, epoch: int) -> MasterKey | None:
    """None: the key is not this slot's. The commitment tells that apart from damage. ``kek`` is wiped."""
    try:
        if not hmac.compare_digest(_commitment(kek, store), slot.key_commitment):
            return None
        aad = _aad(slot.slot_id, slot.kind, slot.params_json, store=store, epoch=epoch)
        secret = unseal(_wrapping_key(kek, store), nonce=slot.nonce, ct=slot.wrapped_smk, aad=aad)
    except Unauthentic as error:
        raise VaultDamaged("The right key was given, but the vault's key slot is damaged.") from error
    finally:
        kek[:] = bytes(len(kek))
    return MasterKey(secret, store=store, epoch=epoch)


def _aad(slot_id: bytes, kind: str, params_json: str, *, store: bytes, epoch: int) -> bytes:
    params = hashlib.sha256(params_json.encode("utf-8", "surrogatepass")).digest()
    return length_prefixed(FORMAT, "slot", store, slot_id, kind, params, epoch)


def _recovery_kek(code: bytes, store: bytes) -> bytearray:
    return expand(code, salt=store, label="recovery")


def _wrapping_key(kek: bytearray, store: bytes) -> bytearray:
    return expand(kek, salt=store, label="wrap")


def _commitment(kek: bytearray, store: bytes) -> bytes:
    return bytes(expand(kek, salt=store, label="commit", length=COMMITMENT_BYTES))
