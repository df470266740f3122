"""The kinds of ways into a vault, in words."""

from __future__ import annotations

from backend.text import SafeStr, safe_text
from backend.vault import keyring_slot, slots
from backend.vault.age_slot import recipients_of
from backend.vault.agent_slot import key_of
from backend.vault.errors import VaultDamaged
from backend.vault.slots import Slot

WITHOUT_TYPING = (slots.KEYRING, slots.AGENT)
"""Kinds that open the vault from what runs beside it."""


def opened_by(slot: Slot) -> SafeStr:
    """What opens this slot: ``the passphrase``, whose age key, which key of the agent."""
    try:
        match slot.kind:
            case slots.PASSPHRASE:
                words = "what you type"
            case slots.RECOVERY:
                words = "the code on paper"
            case slots.KEYRING:
                words = f"{keyring_slot.backend_of(slot)} of the session it was added in"
            case slots.AGE:
                words = ", ".join(shortened(recipient) for recipient in recipients_of(slot))
            case slots.AGENT:
                words = key_of(slot).fingerprint
            case _:
                words = "a newer Navarch"
    except (VaultDamaged, ValueError):
        words = "unreadable"
    return safe_text(words, limit=200)


def shortened(recipient: str) -> str:
    """``age1qyq…x8k2``, ``ssh-ed25519 …Hq3f``: enough to tell keys apart."""
    kind, _, rest = recipient.partition(" ")
    return f"{kind} …{rest.split(' ')[0][-6:]}" if rest else f"{kind[:9]}…{kind[-6:]}"
