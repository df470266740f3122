"""Changing who can open a vault: its ways in, and the master key itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend import log
from backend.vault import keyring_slot
from backend.vault import slots as kinds
from backend.vault.age_slot import age_way, recipients_of
from backend.vault.agent_slot import agent_way, chosen_key, key_of
from backend.vault.backup import back_up, compact
from backend.vault.errors import SlotRefused, VaultError, WrongKey
from backend.vault.file import exclusive
from backend.vault.kdf import KdfParams, calibrated_params, demand_strength, fresh_params, parse_params
from backend.vault.keys import MasterKey
from backend.vault.recovery import new_code
from backend.vault.slots import (
    KEYRING,
    PASSPHRASE,
    RECOVERY,
    Slot,
    Way,
    open_slots,
    passphrase_way,
    recovery_way,
    sealed,
)
from backend.vault.vault import Vault

LONGEST_LABEL = 60


def change_passphrase(vault: Vault, old: str, new: str, *, kdf: KdfParams | None = None) -> None:
    """Replace the passphrase of the slot that ``old`` opens. The master key stays.

    Whoever has an older copy of the file and knows the old passphrase can still open that copy; ``rotate``
    afterwards makes what they find there useless for later ones. Raises WrongKey, WeakPassphrase.
    """
    demand_strength(new)
    with exclusive(vault.path):
        slot = _slot_of(vault, old, PASSPHRASE)
        back_up(vault)
        way = passphrase_way(new, label=slot.label, params=kdf or calibrated_params())
        with vault.transaction() as draft:
            _demand_same(draft.snapshot.slots, vault.slots)
            fresh = sealed(draft.master, way)
            draft.replace_slots([fresh if s.slot_id == slot.slot_id else s for s in draft.snapshot.slots])


def add_passphrase(vault: Vault, passphrase: str, *, label: str, kdf: KdfParams | None = None) -> Slot:
    """A second way in; ``label`` is readable in the file."""
    demand_strength(passphrase)
    return _add(vault, passphrase_way(passphrase, label=label, params=kdf or calibrated_params()))


def add_recovery_code(vault: Vault, *, label: str = "recovery code") -> tuple[Slot, str]:
    """A new recovery code, to be shown once; older codes keep working until their slot is removed."""
    code = new_code()
    return _add(vault, recovery_way(code, store=vault.meta.store, label=label)), code


def add_keyring(vault: Vault, *, label: str) -> Slot:
    """Let the desktop session's keyring open the vault. Raises KeyringUnusable."""
    store = vault.meta.store
    way = keyring_slot.keyring_way(store=store, label=label)
    try:
        return _add(vault, way)
    except BaseException:
        keyring_slot.forget(way.slot_id, store=store)
        raise


def add_age(vault: Vault, recipients: Sequence[str], *, label: str) -> Slot:
    """Let whoever holds a private key of these recipients open the vault. Raises SlotRefused, AgeMissing."""
    return _add(vault, age_way(recipients, label=label))


def add_agent(vault: Vault, key: str, *, label: str) -> Slot:
    """Let an SSH agent that holds ``key`` (fingerprint or comment; '' if it has only one) open the vault.

    Show ``agent_slot.RISKS`` and ask before this. Raises SlotRefused, AgentUnusable.
    """
    return _add(vault, agent_way(chosen_key(key), store=vault.meta.store, label=label))


def remove_slot(vault: Vault, slot_id: bytes, *, passphrases: Sequence[str]) -> dict[str, str]:
    """Take a way in away, and change the master key so that what it knew opens nothing new.

    The new key must be wrapped again for everybody who stays: ``passphrases`` holds the passphrase of each
    remaining passphrase slot; a recovery code among them stays as it is, other codes are replaced (returned
    as {label: new code}, to be shown once). Keyring and agent slots that stay must be reachable. Backups and
    copies made before still open with what was removed.

    Raises SlotRefused when nobody could open the vault afterwards, or something that is needed is missing.
    """
    return _rotate(vault, without=slot_id, passphrases=passphrases)


def rotate(vault: Vault, *, passphrases: Sequence[str]) -> dict[str, str]:
    """Change the master key, keeping all slots; like ``remove_slot``, without removing any."""
    return _rotate(vault, without=None, passphrases=passphrases)


def slots_unopened(vault: Vault, passphrases: Sequence[str], *, leaving: bytes = b"") -> list[Slot]:
    """The passphrase slots (but ``leaving``) that none of these opens: a rotation needs theirs too."""
    staying = [slot for slot in vault.slots if slot.kind == PASSPHRASE and slot.slot_id != leaving]
    return [slot for slot in staying if _opening(vault, slot, passphrases) is None]


@dataclass(slots=True)
class _Renewal:
    """The ways of a rotation, made before anything is written."""

    ways: list[Way] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    """New recovery codes by label."""


def _rotate(vault: Vault, *, without: bytes | None, passphrases: Sequence[str]) -> dict[str, str]:
    with exclusive(vault.path):
        before, meta = vault.slots, vault.meta
        staying = [slot for slot in before if slot.slot_id != without]
        if without is not None and len(staying) == len(before):
            raise SlotRefused("The vault has no such slot.", advice="List them with: navarch vault slot list")
        if not any(slot.kind in (PASSPHRASE, RECOVERY) for slot in staying):
            raise SlotRefused(
                "This is the last passphrase or recovery code, the last way in that no machine can lose.",
                advice="Add another passphrase or recovery code first.",
            )
        renewal = _Renewal()
        try:
            for slot in staying:
                _renew(vault, slot, passphrases, renewal)
            back_up(vault)
            with vault.transaction() as draft:
                _demand_same(draft.snapshot.slots, before)
                master = MasterKey.fresh(store=meta.store, epoch=draft.master.epoch + 1)
                draft.rekey(master)
                draft.replace_slots([sealed(master, way) for way in renewal.ways])
        except BaseException:
            _forget_keyrings(renewal.ways, meta.store)
            raise
        _forget_keyrings(before, meta.store)
        compact(vault)
    log.note("vault", state="new key")
    return renewal.codes


def _renew(vault: Vault, slot: Slot, secrets: Sequence[str], renewal: _Renewal) -> None:
    """The same way in for a new master key, appended to ``renewal``; under a new key wherever it can be."""
    store, label = vault.meta.store, slot.label
    if slot.kind == PASSPHRASE:
        passphrase = _opening(vault, slot, secrets)
        if passphrase is None:
            raise SlotRefused(
                f"The new key can't be wrapped for slot {slot.name} ({label}) without its passphrase.",
                advice="Give that passphrase too, or remove that slot first.",
            )
        renewal.ways.append(passphrase_way(passphrase, label=label, params=_as_costly(slot)))
    elif slot.kind == RECOVERY:
        known = _opening(vault, slot, secrets)
        way = recovery_way(code := known or new_code(), store=store, label=label)
        renewal.ways.append(way)
        if known is None:
            renewal.codes[f"{label} ({way.slot_id.hex()[:8]})"] = code
    else:
        renewal.ways.append(_reached_again(slot, store=store))


def _reached_again(slot: Slot, *, store: bytes) -> Way:
    try:
        match slot.kind:
            case kinds.KEYRING:
                return keyring_slot.keyring_way(store=store, label=slot.label)
            case kinds.AGE:
                return age_way(recipients_of(slot), label=slot.label)
            case kinds.AGENT:
                return agent_way(key_of(slot), store=store, label=slot.label)
    except VaultError as error:
        raise SlotRefused(
            f"The new key can't be wrapped for slot {slot.name} ({slot.label}): {error.sentence}",
            advice="Make it reachable, or remove that slot first.",
        ) from error
    raise SlotRefused(
        f"Slot {slot.name} ({slot.label}) is of a kind that this Navarch does not know: {slot.kind}.",
        advice="Use the newer Navarch, or remove that slot first.",
    )


def _forget_keyrings(slots: Sequence[Slot | Way], store: bytes) -> None:
    for slot in slots:
        if slot.kind == KEYRING:
            keyring_slot.forget(slot.slot_id, store=store)


def _add(vault: Vault, way: Way) -> Slot:
    if not way.label.isprintable() or len(way.label) > LONGEST_LABEL:
        raise SlotRefused(
            f"A slot's label has at most {LONGEST_LABEL} printable characters.", advice="Choose another."
        )
    with exclusive(vault.path), vault.transaction() as draft:
        slot = sealed(draft.master, way)
        draft.replace_slots([*draft.snapshot.slots, slot])
    log.note("vault", state=f"slot added: {slot.kind}")
    return slot


def _as_costly(slot: Slot) -> KdfParams:
    """As costly as before, with a new salt."""
    params = parse_params(slot.params_json)
    return fresh_params(memory=params.m, passes=params.t, lanes=params.p)


def _opening(vault: Vault, slot: Slot, secrets: Sequence[str]) -> str | None:
    meta = vault.meta
    for secret in secrets:
        try:
            _, master = open_slots([slot], secret, store=meta.store, epoch=meta.epoch)
        except WrongKey:
            continue
        master.wipe()
        return secret
    return None


def _slot_of(vault: Vault, secret: str, kind: str) -> Slot:
    meta = vault.meta
    candidates = [slot for slot in vault.slots if slot.kind == kind]
    slot, master = open_slots(candidates, secret, store=meta.store, epoch=meta.epoch)
    master.wipe()
    return slot


def _demand_same(slots: Sequence[Slot], before: Sequence[Slot]) -> None:
    if set(slots) != set(before):
        raise SlotRefused("The slots were changed in another window.", advice="Try again.")
