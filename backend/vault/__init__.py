"""The encrypted store: every secret that Navarch keeps, in one file, under one key.

The scheme (format ``kcs1``): a random master key, wrapped by key slots (passphrase through Argon2id, recovery
code); records sealed by XChaCha20-Poly1305 with associated data that ties each to its place and version; one
HMAC over everything, renewed in the same transaction as every change. docs/threat-model.md says what that
protects from and what not.
"""

from backend.vault.errors import (
    RecordConflict,
    SlotRefused,
    UnsafeFile,
    VaultBusy,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultLocked,
    VaultMissing,
    VaultNotWritten,
    VaultTooNew,
    WeakPassphrase,
    WrongKey,
)
from backend.vault.hygiene import harden_process
from backend.vault.records import Record
from backend.vault.vault import Quarantined, Vault, default_path

__all__ = [
    "Quarantined",
    "Record",
    "RecordConflict",
    "SlotRefused",
    "UnsafeFile",
    "Vault",
    "VaultBusy",
    "VaultDamaged",
    "VaultError",
    "VaultExists",
    "VaultLocked",
    "VaultMissing",
    "VaultNotWritten",
    "VaultTooNew",
    "WeakPassphrase",
    "WrongKey",
    "default_path",
    "harden_process",
]
