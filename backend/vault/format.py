"""The vault's layout on disk (format ``kcs1``): tables, associated data, padding.

Everything that names a cluster, a server or a person is inside ciphertexts. What stays readable: how many
entries there are, of which kind, their size in steps of 256 bytes, and the labels of the key slots.
"""

from __future__ import annotations

import struct

FORMAT = "kcs1"
APPLICATION_ID = 0x4E415643  # "NAVC"
SCHEMA_VERSION = 1
READER_VERSION = 1
"""A vault whose ``min_reader`` is higher is refused: an older program must not 'upgrade it back'."""

NONCE_BYTES = 24
KEY_BYTES = 32
BUCKET = 256

SCHEMA: dict[str, str] = {
    "meta": (
        "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK(one = 1), store_uuid BLOB NOT NULL, "
        "format TEXT NOT NULL, min_reader INTEGER NOT NULL, key_epoch INTEGER NOT NULL, "
        "generation INTEGER NOT NULL, journal_seq INTEGER NOT NULL, journal_head BLOB NOT NULL, "
        "manifest_mac BLOB NOT NULL, created_by TEXT NOT NULL) STRICT"
    ),
    "keyslots": (
        "CREATE TABLE keyslots(slot_id BLOB PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, "
        "params_json TEXT NOT NULL, nonce BLOB NOT NULL, wrapped_smk BLOB NOT NULL, "
        "key_commitment BLOB NOT NULL, created INTEGER NOT NULL) STRICT"
    ),
    "records": (
        "CREATE TABLE records(id BLOB PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, "
        "epoch INTEGER NOT NULL, nonce BLOB NOT NULL, ct BLOB NOT NULL) STRICT"
    ),
    "journal": (
        "CREATE TABLE journal(seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, nonce BLOB NOT NULL, "
        "ct BLOB NOT NULL) STRICT"
    ),
}
"""Compared word for word when a file is opened: an added trigger or view means that it is not ours."""

_PADDED_HEAD = struct.Struct(">QI")  # when it was written (seconds), how long the data is


def length_prefixed(*parts: bytes | str | int) -> bytes:
    """Join parts so that no two different tuples give the same bytes (associated data, MAC input)."""
    joined = bytearray()
    for part in parts:
        if isinstance(part, int):
            encoded = part.to_bytes(8, "big", signed=True)
        else:
            encoded = part.encode() if isinstance(part, str) else part
        joined += struct.pack(">I", len(encoded)) + encoded
    return bytes(joined)


def pad(data: bytes, *, written: int) -> bytes:
    """Plaintext as it is encrypted: time and length, the data, zeros up to a multiple of 256 bytes."""
    plain = _PADDED_HEAD.pack(written, len(data)) + data
    return plain + bytes(-len(plain) % BUCKET)


def unpad(plain: bytes) -> tuple[int, bytes]:
    """(when written, data); raises ValueError when the length is impossible."""
    written, length = _PADDED_HEAD.unpack_from(plain)
    data = plain[_PADDED_HEAD.size : _PADDED_HEAD.size + length]
    if len(data) != length:
        raise ValueError("the length inside a record does not fit the record")
    return written, data
