"""Sealing and opening one entry: a record, or a line of the journal."""

from __future__ import annotations

import time
from dataclasses import dataclass

from backend.vault.format import FORMAT, length_prefixed, pad, unpad
from backend.vault.keys import MasterKey, Unauthentic, seal, unseal


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """One row of ``records``."""

    id: bytes
    kind: str
    version: int
    epoch: int
    nonce: bytes
    ct: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An opened entry. ``data`` is secret (its repr shows no bytes); ``written`` in seconds since 1970."""

    id: str
    kind: str
    version: int
    written: int
    data: bytes

    def __repr__(self) -> str:
        return f"<Record {self.kind} {self.id} v{self.version}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """One row of ``journal``."""

    seq: int
    epoch: int
    nonce: bytes
    ct: bytes


def seal_record(master: MasterKey, *, record_id: bytes, kind: str, version: int, data: bytes) -> SealedRecord:
    return reseal_record(
        master, record_id=record_id, kind=kind, version=version, data=data, written=int(time.time())
    )


def reseal_record(
    master: MasterKey, *, record_id: bytes, kind: str, version: int, data: bytes, written: int
) -> SealedRecord:
    """Seal under this key, keeping when the data was written (a new key is no change of the entry)."""
    aad = _record_aad(master.store, kind, record_id, version, master.epoch)
    nonce, ct = seal(master.records, pad(data, written=written), aad=aad)
    return SealedRecord(id=record_id, kind=kind, version=version, epoch=master.epoch, nonce=nonce, ct=ct)


def open_record(master: MasterKey, sealed: SealedRecord) -> Record:
    """Raises Unauthentic when the row is damaged, swapped with another, or older than it claims."""
    aad = _record_aad(master.store, sealed.kind, sealed.id, sealed.version, sealed.epoch)
    plain = unseal(master.records, nonce=sealed.nonce, ct=sealed.ct, aad=aad)
    try:
        written, data = unpad(plain)
    except Exception as error:
        raise Unauthentic from error
    return Record(id=sealed.id.hex(), kind=sealed.kind, version=sealed.version, written=written, data=data)


def seal_entry(master: MasterKey, *, seq: int, data: bytes) -> SealedEntry:
    nonce, ct = seal(master.journal, pad(data, written=0), aad=_entry_aad(master.store, seq, master.epoch))
    return SealedEntry(seq=seq, epoch=master.epoch, nonce=nonce, ct=ct)


def open_entry(master: MasterKey, sealed: SealedEntry) -> bytes:
    """Raises Unauthentic when the line is damaged or stands in another's place."""
    aad = _entry_aad(master.store, sealed.seq, sealed.epoch)
    try:
        return unpad(unseal(master.journal, nonce=sealed.nonce, ct=sealed.ct, aad=aad))[1]
    except Exception as error:
        raise Unauthentic from error


def _record_aad(store: bytes, kind: str, record_id: bytes, version: int, epoch: int) -> bytes:
    return length_prefixed(FORMAT, "record", store, kind, record_id, version, epoch)


def _entry_aad(store: bytes, seq: int, epoch: int) -> bytes:
    return length_prefixed(FORMAT, "journal", store, seq, epoch)
