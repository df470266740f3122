"""The manifest: one MAC over everything, so that no row can be put back, taken out or exchanged unseen."""

from __future__ import annotations

import hashlib
import hmac

from backend.vault.format import FORMAT, length_prefixed
from backend.vault.keys import MasterKey
from backend.vault.snapshot import Snapshot


def manifest_mac(master: MasterKey, snapshot: Snapshot) -> bytes:
    """HMAC-SHA256 over header, generation, journal head, all records and all slots, ordered by id.

    A whole older file still has a valid manifest: that can only be noticed (see ``witness``).
    """
    meta = snapshot.meta
    mac = hmac.new(bytes(master.mac), digestmod=hashlib.sha256)
    mac.update(
        length_prefixed(
            FORMAT,
            "manifest",
            meta.store,
            meta.generation,
            meta.epoch,
            meta.min_reader,
            meta.journal_seq,
            meta.journal_head,
            meta.created_by,
        )
    )
    for record in sorted(snapshot.records, key=lambda record: record.id):
        digest = hashlib.sha256(record.nonce + record.ct).digest()
        mac.update(length_prefixed("record", record.id, record.kind, record.version, record.epoch, digest))
    for slot in sorted(snapshot.slots, key=lambda slot: slot.slot_id):
        mac.update(
            length_prefixed(
                "slot",
                slot.slot_id,
                slot.kind,
                slot.label,
                slot.params_json,
                slot.nonce,
                slot.wrapped_smk,
                slot.key_commitment,
                slot.created,
            )
        )
    return mac.digest()


def manifest_holds(master: MasterKey, snapshot: Snapshot) -> bool:
    return hmac.compare_digest(manifest_mac(master, snapshot), snapshot.meta.mac)
