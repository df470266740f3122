"""A key slot opened by a signature of ssh-agent. Off until a person adds one, knowing what that means.

The key is made from a signature over a challenge of the slot, so the signature must be the same every time:
ed25519 (RFC 8032) and RSA PKCS#1 v1.5 only. The risks are said before one is added (``RISKS``): whoever can
reach the agent, root on every jump host that it is forwarded to included, can ask it for that signature.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from backend.vault import ssh_agent
from backend.vault.errors import SlotRefused, VaultDamaged, WrongKey
from backend.vault.format import length_prefixed
from backend.vault.keys import MasterKey, expand
from backend.vault.slots import AGENT, Slot, Way, unwrapped
from backend.vault.ssh_agent import DETERMINISTIC, AgentKey, AgentUnusable

RISKS = (
    "Whoever can reach this SSH agent can open a copy of the vault without being asked anything: "
    "root on every host the agent is forwarded to, and every program of yours."
)


class Params(msgspec.Struct, frozen=True):
    key: bytes
    """The public key in SSH's wire form."""
    challenge: bytes
    """32 random bytes that are signed."""


def chosen_key(wanted: str) -> AgentKey:
    """The one key of the agent with this fingerprint or comment; '' : the only usable one.

    Raises SlotRefused (none, several, or a kind that can't be used), AgentUnusable.
    """
    everyone = ssh_agent.held_keys()
    found = [key for key in everyone if wanted in (key.fingerprint, key.comment)] if wanted else everyone
    usable = [key for key in found if key.kind in DETERMINISTIC]
    if found and not usable:
        raise SlotRefused(
            "This key's signatures differ each time, so no key can be made from them.",
            advice="Use an ed25519 or RSA key; ECDSA, hardware (sk-) keys and certificates can't be used.",
        )
    if len(usable) != 1:
        listed = "; ".join(f"{key.fingerprint} {key.comment}" for key in everyone)
        raise SlotRefused(
            "The agent has no such key." if not usable else "The agent has several keys.",
            advice=f"Say which by its fingerprint. It has: {listed or 'none'}",
        )
    return usable[0]


def agent_way(key: AgentKey, *, store: bytes, label: str) -> Way:
    """A key made from a signature, asked for twice. Raises SlotRefused unless both are right and the same."""
    slot_id, challenge = os.urandom(16), os.urandom(32)
    message = _message(store, slot_id, challenge)
    first, second = (ssh_agent.signature(key.blob, message) for _ in range(2))
    if first != second or not _right(key, message, first):
        raise SlotRefused(
            "The agent's signatures differ each time, or are not by this key.", advice="Use another key."
        )
    params = msgspec.json.encode(Params(key=key.blob, challenge=challenge)).decode()
    kek = expand(first, salt=store, label="ssh-agent")
    return Way(kind=AGENT, label=label, params_json=params, kek=kek, slot_id=slot_id)


def key_of(slot: Slot) -> AgentKey:
    """Which key opens the slot. Raises VaultDamaged."""
    return AgentKey(blob=_params(slot).key, comment=slot.label)


def open_by_agent(slots: Sequence[Slot], *, store: bytes, epoch: int) -> tuple[Slot, MasterKey]:
    """Raises AgentUnusable, WrongKey (none of the slots' keys is in the agent), VaultDamaged."""
    present = {key.blob for key in ssh_agent.held_keys()}
    for slot in slots:
        if slot.kind != AGENT:
            continue
        params = _params(slot)
        if params.key not in present:
            continue
        signed = ssh_agent.signature(params.key, _message(store, slot.slot_id, params.challenge))
        kek = expand(signed, salt=store, label="ssh-agent")
        master = unwrapped(slot, kek, store=store, epoch=epoch)
        if master is not None:
            return slot, master
    raise WrongKey("No key in the SSH agent opens this vault.", advice=AgentUnusable.default_advice)


def _message(store: bytes, slot_id: bytes, challenge: bytes) -> bytes:
    return length_prefixed("navarch vault key slot v1", store, slot_id, challenge)


def _right(key: AgentKey, message: bytes, given: bytes) -> bool:
    """Whether the signature is one: an agent that answers anything could not make the same key again."""
    try:
        algorithm, raw = ssh_agent.signature_parts(given)
        line = key.kind + b" " + base64.b64encode(key.blob)
        public = load_ssh_public_key(line)
        if isinstance(public, Ed25519PublicKey) and algorithm == b"ssh-ed25519":
            public.verify(raw, message)
        elif isinstance(public, RSAPublicKey) and algorithm == b"rsa-sha2-512":
            public.verify(raw, message, PKCS1v15(), SHA512())
        else:
            return False
    except (ValueError, InvalidSignature):
        return False
    return True


def _params(slot: Slot) -> Params:
    try:
        return msgspec.json.decode(slot.params_json.encode(), type=Params)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise VaultDamaged("An SSH agent slot of the vault can't be read.") from error
