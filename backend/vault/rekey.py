"""Changing who can open a vault: passphrases, recovery codes, and the master key itself."""

from __future__ import annotations

from collections.abc import Sequence

from backend.vault.backup import back_up, compact
from backend.vault.errors import SlotRefused, WrongKey
from backend.vault.file import exclusive
from backend.vault.kdf import KdfParams, calibrated_params, demand_strength, fresh_params, parse_params
from backend.vault.keys import MasterKey
from backend.vault.recovery import new_code
from backend.vault.slots import PASSPHRASE, RECOVERY, Slot, open_slots, passphrase_slot, recovery_slot
from backend.vault.vault import Vault


def change_passphrase(vault: Vault, old: str, new: str, *, kdf: KdfParams | None = None) -> None:
    """Replace the passphrase of the slot that ``old`` opens. The master key stays.

    Whoever has an older copy of the file and knows the old passphrase can still open that copy; ``rotate``
    afterwards makes what they find there useless for later ones. Raises WrongKey, WeakPassphrase.
    """
    demand_strength(new)
    with exclusive(vault.path):
        slot = _slot_of(vault, old, PASSPHRASE)
        back_up(vault)
        with vault.transaction() as draft:
            _demand_present(draft.snapshot.slots, slot)
            fresh = passphrase_slot(draft.master, new, label=slot.label, params=kdf or calibrated_params())
            draft.replace_slots([fresh if s.slot_id == slot.slot_id else s for s in draft.snapshot.slots])


def add_passphrase(vault: Vault, passphrase: str, *, label: str, kdf: KdfParams | None = None) -> Slot:
    """A second way in; ``label`` is readable in the file."""
    demand_strength(passphrase)
    with exclusive(vault.path), vault.transaction() as draft:
        slot = passphrase_slot(draft.master, passphrase, label=label, params=kdf or calibrated_params())
        draft.replace_slots([*draft.snapshot.slots, slot])
    return slot


def add_recovery_code(vault: Vault, *, label: str = "recovery code") -> tuple[Slot, str]:
    """A new recovery code, to be shown once; older codes keep working until their slot is removed."""
    code = new_code()
    with exclusive(vault.path), vault.transaction() as draft:
        slot = recovery_slot(draft.master, code, label=label)
        draft.replace_slots([*draft.snapshot.slots, slot])
    return slot, code


def remove_slot(vault: Vault, slot_id: bytes, *, passphrases: Sequence[str]) -> dict[str, str]:
    """Take a way in away, and change the master key so that what it knew opens nothing new.

    The new key must be wrapped again for everybody who stays: ``passphrases`` holds the passphrase of each
    remaining passphrase slot. Recovery codes that stay are replaced; returns {label: new code}, to be shown
    once. Backups and copies made before still open with what was removed.

    Raises SlotRefused when nobody could open the vault afterwards, or a remaining passphrase is missing.
    """
    return _rotate(vault, without=slot_id, passphrases=passphrases)


def rotate(vault: Vault, *, passphrases: Sequence[str]) -> dict[str, str]:
    """Change the master key, keeping all slots; like ``remove_slot``, without removing any."""
    return _rotate(vault, without=None, passphrases=passphrases)


def _rotate(vault: Vault, *, without: bytes | None, passphrases: Sequence[str]) -> dict[str, str]:
    with exclusive(vault.path):
        before = vault.slots
        staying = [slot for slot in before if slot.slot_id != without]
        if without is not None and len(staying) == len(before):
            raise SlotRefused("The vault has no such slot.", advice="List them with: navarch vault slot list")
        if not any(slot.kind in (PASSPHRASE, RECOVERY) for slot in staying):
            raise SlotRefused("This is the last way into the vault.", advice="Add another slot first.")
        known = _passphrases_of(vault, staying, passphrases)
        back_up(vault)
        codes: dict[str, str] = {}
        with vault.transaction() as draft:
            if set(draft.snapshot.slots) != set(before):
                raise SlotRefused("The slots were changed in another window.", advice="Try again.")
            old = draft.master
            master = MasterKey.fresh(store=old.store, epoch=old.epoch + 1)
            slots = [_rewrapped(slot, master, known, codes) for slot in staying]
            draft.rekey(master)
            draft.replace_slots(slots)
        compact(vault)
    return codes


def _rewrapped(slot: Slot, master: MasterKey, known: dict[bytes, str], codes: dict[str, str]) -> Slot:
    if slot.kind == RECOVERY:
        code = new_code()
        fresh = recovery_slot(master, code, label=slot.label)
        codes[f"{slot.label} ({fresh.name})"] = code
        return fresh
    params = _as_costly(slot)
    return passphrase_slot(master, known[slot.slot_id], label=slot.label, params=params)


def _as_costly(slot: Slot) -> KdfParams:
    """As costly as before, with a new salt."""
    params = parse_params(slot.params_json)
    return fresh_params(memory=params.m, passes=params.t, lanes=params.p)


def slots_unopened(vault: Vault, passphrases: Sequence[str], *, leaving: bytes = b"") -> list[Slot]:
    """The passphrase slots (but ``leaving``) that none of these opens: a rotation needs theirs too."""
    staying = [slot for slot in vault.slots if slot.kind == PASSPHRASE and slot.slot_id != leaving]
    return [slot for slot in staying if _opening(vault, slot, passphrases) is None]


def _opening(vault: Vault, slot: Slot, passphrases: Sequence[str]) -> str | None:
    meta = vault.meta
    for passphrase in passphrases:
        try:
            _, master = open_slots([slot], passphrase, store=meta.store, epoch=meta.epoch)
        except WrongKey:
            continue
        master.wipe()
        return passphrase
    return None


def _passphrases_of(vault: Vault, staying: Sequence[Slot], passphrases: Sequence[str]) -> dict[bytes, str]:
    """Which given passphrase opens which remaining slot; raises SlotRefused when one is missing."""
    known: dict[bytes, str] = {}
    for slot in staying:
        if slot.kind != PASSPHRASE:
            continue
        passphrase = _opening(vault, slot, passphrases)
        if passphrase is None:
            raise SlotRefused(
                f"The new key can't be wrapped for slot {slot.name} ({slot.label}) without its passphrase.",
                advice="Give that passphrase too, or remove that slot first.",
            )
        known[slot.slot_id] = passphrase
    return known


def _slot_of(vault: Vault, secret: str, kind: str) -> Slot:
    meta = vault.meta
    candidates = [slot for slot in vault.slots if slot.kind == kind]
    slot, master = open_slots(candidates, secret, store=meta.store, epoch=meta.epoch)
    master.wipe()
    return slot


def _demand_present(slots: Sequence[Slot], slot: Slot) -> None:
    if slot not in slots:
        raise SlotRefused("The slots were changed in another window.", advice="Try again.")
