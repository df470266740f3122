"""One change of a vault in the making: rows and the manifest that covers them, committed together."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from backend.vault import snapshot as rows
from backend.vault.errors import RecordConflict, VaultDamaged
from backend.vault.format import length_prefixed
from backend.vault.keys import MasterKey, Unauthentic
from backend.vault.manifest import manifest_mac
from backend.vault.records import Record, open_entry, open_record, reseal_record, seal_entry, seal_record
from backend.vault.slots import Slot
from backend.vault.snapshot import Snapshot


class Draft:
    """Changes inside one ``BEGIN IMMEDIATE`` transaction; ``seal`` ends it with a new generation."""

    def __init__(self, db: sqlite3.Connection, master: MasterKey, snapshot: Snapshot) -> None:
        self.db = db
        self.master = master
        self.snapshot = snapshot

    def records(self, kind: str) -> list[Record]:
        """The entries of a kind as they stand in this change. Raises VaultDamaged."""
        try:
            return [open_record(self.master, r) for r in self.snapshot.records if r.kind == kind]
        except Unauthentic as error:
            raise VaultDamaged("An entry of the vault is damaged.") from error

    def put(
        self, kind: str, data: bytes, *, record_id: str | None = None, version: int | None = None
    ) -> Record:
        """Add an entry (no ``version``), or replace the ``version`` that the caller has seen.

        Raises RecordConflict when the entry is at another version now, or gone, or exists already.
        """
        key = bytes.fromhex(record_id) if record_id else os.urandom(16)
        found = next((record for record in self.snapshot.records if record.id == key), None)
        if (found.version if found else None) != version:
            raise RecordConflict("This entry of the vault was changed in another window meanwhile.")
        sealed = seal_record(self.master, record_id=key, kind=kind, version=(version or 0) + 1, data=data)
        rows.write_record(self.db, sealed)
        others = tuple(record for record in self.snapshot.records if record.id != key)
        self.snapshot = replace(self.snapshot, records=(*others, sealed))
        return open_record(self.master, sealed)

    def adopt(self, record: Record) -> None:
        """Take over an entry of another vault, with its id, version and time. Raises RecordConflict."""
        key = bytes.fromhex(record.id)
        if any(known.id == key for known in self.snapshot.records):
            raise RecordConflict("The vault holds this entry already.")
        sealed = reseal_record(
            self.master,
            record_id=key,
            kind=record.kind,
            version=record.version,
            data=record.data,
            written=record.written,
        )
        rows.write_record(self.db, sealed)
        self.snapshot = replace(self.snapshot, records=(*self.snapshot.records, sealed))

    def delete(self, record_id: str, *, version: int | None = None) -> None:
        """Remove an entry; with ``version`` only if it is still that one. Raises RecordConflict."""
        key = bytes.fromhex(record_id)
        found = next((record for record in self.snapshot.records if record.id == key), None)
        if found is None or (version is not None and found.version != version):
            raise RecordConflict("This entry of the vault was changed or removed in another window.")
        self.db.execute("DELETE FROM records WHERE id = ?", (key,))
        others = tuple(record for record in self.snapshot.records if record.id != key)
        self.snapshot = replace(self.snapshot, records=others)

    def append(self, payload: bytes) -> int:
        """Add a line to the journal, chained to the one before it; returns its number."""
        meta = self.snapshot.meta
        seq = meta.journal_seq + 1
        data = meta.journal_head + payload
        rows.write_entry(self.db, seal_entry(self.master, seq=seq, data=data))
        self.snapshot = replace(
            self.snapshot,
            meta=replace(meta, journal_seq=seq, journal_head=chain(data)),
            journal_last=seq,
            journal_count=self.snapshot.journal_count + 1,
        )
        return seq

    def replace_slots(self, slots: Sequence[Slot]) -> None:
        self.db.execute("DELETE FROM keyslots")
        for slot in slots:
            rows.write_slot(self.db, slot)
        self.snapshot = replace(self.snapshot, slots=tuple(slots))

    def rekey(self, master: MasterKey) -> None:
        """Seal every record and journal line under another master key; the caller replaces the slots too."""
        try:
            opened = [open_record(self.master, record) for record in self.snapshot.records]
            entries = [(entry.seq, open_entry(self.master, entry)) for entry in rows.journal_entries(self.db)]
        except Unauthentic as error:
            raise VaultDamaged("An entry of the vault is damaged, so its key can't be changed.") from error
        sealed = tuple(
            reseal_record(
                master,
                record_id=bytes.fromhex(record.id),
                kind=record.kind,
                version=record.version,
                data=record.data,
                written=record.written,
            )
            for record in opened
        )
        for record in sealed:
            rows.write_record(self.db, record)
        self.db.execute("DELETE FROM journal")
        for seq, data in entries:
            rows.write_entry(self.db, seal_entry(master, seq=seq, data=data))
        self.master = master
        self.snapshot = replace(
            self.snapshot, records=sealed, meta=replace(self.snapshot.meta, epoch=master.epoch)
        )

    def seal(self) -> Snapshot:
        """Write the header with the next generation and the manifest; what remains is to commit."""
        meta = replace(self.snapshot.meta, generation=self.snapshot.meta.generation + 1)
        self.snapshot = replace(self.snapshot, meta=meta)
        meta = replace(meta, mac=manifest_mac(self.master, self.snapshot))
        self.snapshot = replace(self.snapshot, meta=meta)
        rows.write_meta(self.db, meta)
        return self.snapshot


def chain(data: bytes) -> bytes:
    """The journal's head after a line whose sealed data (previous head, payload) is ``data``."""
    return hashlib.sha256(length_prefixed("journal", data)).digest()
