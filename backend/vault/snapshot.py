"""All rows of a vault as they stood at one moment, and writing them back; no keys here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backend.vault.errors import VaultDamaged, VaultTooNew
from backend.vault.format import FORMAT, READER_VERSION
from backend.vault.records import SealedEntry, SealedRecord
from backend.vault.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """The header row."""

    store: bytes
    min_reader: int
    epoch: int
    generation: int
    journal_seq: int
    journal_head: bytes
    mac: bytes
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    meta: Meta
    slots: tuple[Slot, ...]
    records: tuple[SealedRecord, ...]
    journal_last: int
    """Highest number in the journal; 0: empty."""
    journal_count: int


_META = (str, bytes, int, int, int, int, bytes, bytes, str)
_SLOT = (bytes, str, str, str, bytes, bytes, bytes, int)
_RECORD = (bytes, str, int, int, bytes, bytes)
_ENTRY = (int, int, bytes, bytes)


def _typed(rows: Iterable[tuple[Any, ...]], types: tuple[type, ...]) -> list[tuple[Any, ...]]:
    """STRICT tables hold only these types, unless the file is damaged: SQLite does not look when it reads."""
    checked = []
    for row in rows:
        if any(type(value) is not wanted for value, wanted in zip(row, types, strict=True)):
            raise VaultDamaged("A row of the vault holds values of a wrong type.")
        checked.append(row)
    return checked


def load(db: sqlite3.Connection) -> Snapshot:
    """Read everything but the journal's lines; call it inside a transaction.

    Raises VaultDamaged or VaultTooNew; lets sqlite3.Error pass.
    """
    rows = db.execute(
        "SELECT format, store_uuid, min_reader, key_epoch, generation, journal_seq, journal_head, "
        "manifest_mac, created_by FROM meta"
    ).fetchall()
    if len(rows) != 1 or _typed(rows, _META)[0][0] != FORMAT or len(rows[0][1]) != 16:
        raise VaultDamaged("The vault's header can't be read.")
    _, store, min_reader, epoch, generation, journal_seq, journal_head, mac, created_by = rows[0]
    if min_reader > READER_VERSION:
        raise VaultTooNew("This vault was written by a newer Navarch.")
    slots = db.execute(
        "SELECT slot_id, kind, label, params_json, nonce, wrapped_smk, key_commitment, created FROM keyslots "
        "ORDER BY created, slot_id"
    )
    records = db.execute("SELECT id, kind, version, epoch, nonce, ct FROM records ORDER BY rowid")
    last, count = db.execute("SELECT coalesce(max(seq), 0), count(*) FROM journal").fetchone()
    return Snapshot(
        meta=Meta(
            store=store,
            min_reader=min_reader,
            epoch=epoch,
            generation=generation,
            journal_seq=journal_seq,
            journal_head=journal_head,
            mac=mac,
            created_by=created_by,
        ),
        slots=tuple(
            Slot(
                slot_id=row[0],
                kind=row[1],
                label=row[2],
                params_json=row[3],
                nonce=row[4],
                wrapped_smk=row[5],
                key_commitment=row[6],
                created=row[7],
            )
            for row in _typed(slots, _SLOT)
        ),
        records=tuple(
            SealedRecord(id=row[0], kind=row[1], version=row[2], epoch=row[3], nonce=row[4], ct=row[5])
            for row in _typed(records, _RECORD)
        ),
        journal_last=last,
        journal_count=count,
    )


def write_meta(db: sqlite3.Connection, meta: Meta) -> None:
    db.execute(
        "INSERT OR REPLACE INTO meta(one, store_uuid, format, min_reader, key_epoch, generation, "
        "journal_seq, journal_head, manifest_mac, created_by) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            meta.store,
            FORMAT,
            meta.min_reader,
            meta.epoch,
            meta.generation,
            meta.journal_seq,
            meta.journal_head,
            meta.mac,
            meta.created_by,
        ),
    )


def write_slot(db: sqlite3.Connection, slot: Slot) -> None:
    db.execute(
        "INSERT INTO keyslots(slot_id, kind, label, params_json, nonce, wrapped_smk, key_commitment, "
        "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            slot.slot_id,
            slot.kind,
            slot.label,
            slot.params_json,
            slot.nonce,
            slot.wrapped_smk,
            slot.key_commitment,
            slot.created,
        ),
    )


def write_record(db: sqlite3.Connection, record: SealedRecord) -> None:
    db.execute(
        "INSERT INTO records(id, kind, version, epoch, nonce, ct) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT(id) DO UPDATE SET kind = excluded.kind, version = excluded.version, "
        "epoch = excluded.epoch, nonce = excluded.nonce, ct = excluded.ct",
        (record.id, record.kind, record.version, record.epoch, record.nonce, record.ct),
    )


def journal_entries(db: sqlite3.Connection, *, after: int = 0) -> list[SealedEntry]:
    rows = db.execute("SELECT seq, epoch, nonce, ct FROM journal WHERE seq > ? ORDER BY seq", (after,))
    return [SealedEntry(seq=row[0], epoch=row[1], nonce=row[2], ct=row[3]) for row in _typed(rows, _ENTRY)]


def write_entry(db: sqlite3.Connection, entry: SealedEntry) -> None:
    """Append; an existing number is never overwritten (sqlite3.IntegrityError)."""
    db.execute(
        "INSERT INTO journal(seq, epoch, nonce, ct) VALUES (?, ?, ?, ?)",
        (entry.seq, entry.epoch, entry.nonce, entry.ct),
    )
