"""Taking entries to another machine: a sealed file, which is a small vault under a passphrase of its own."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.vault import snapshot as rows
from backend.vault.creation import fill, put_in_place
from backend.vault.errors import UnsafeFile, VaultDamaged, VaultExists
from backend.vault.file import configure, create_private, demand_layout, sqlite_errors
from backend.vault.format import KEY_BYTES
from backend.vault.kdf import KdfParams, calibrated_params, demand_strength
from backend.vault.keys import MasterKey, Unauthentic
from backend.vault.manifest import manifest_holds
from backend.vault.records import Record, open_record
from backend.vault.slots import open_slots, passphrase_way, sealed
from backend.vault.vault import Vault

LARGEST_IMPORT = 64 * 1024 * 1024
STAYS_HERE = frozenset({"trust", "console"})
"""Approvals speak of programs on this machine; they are never taken along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What became of the entries of a sealed file, by id."""

    added: tuple[str, ...]
    known: tuple[str, ...]
    differing: tuple[str, ...]
    """The vault holds another version; it was kept."""


def export_sealed(
    vault: Vault,
    destination: Path,
    *,
    passphrase: str,
    kinds: Collection[str],
    only: Collection[str] | None = None,
    kdf: KdfParams | None = None,
) -> int:
    """Write entries of ``kinds`` (``only`` these ids, if given) to a new sealed file; returns how many.

    Raises WeakPassphrase, VaultExists, VaultNotWritten.
    """
    demand_strength(passphrase)
    if destination.exists() or destination.is_symlink():
        raise VaultExists(f"{destination} exists already.")
    chosen = [
        record
        for kind in sorted(set(kinds) - STAYS_HERE)
        for record in vault.records(kind)
        if only is None or record.id in only
    ]
    master = MasterKey(os.urandom(KEY_BYTES), store=os.urandom(16), epoch=1)
    slot = sealed(master, passphrase_way(passphrase, label="export", params=kdf or calibrated_params()))
    scratch = destination.with_name(f".{destination.name}.{os.urandom(6).hex()}.new")
    create_private(scratch)
    try:
        fill(scratch, master, [slot], chosen)
        put_in_place(scratch, destination)
    finally:
        scratch.unlink(missing_ok=True)
        master.wipe()
    return len(chosen)


def read_sealed(source: Path, passphrase: str) -> list[Record]:
    """Open a sealed file without touching it; all of it must be authentic.

    Raises UnsafeFile (not a plain file, too large), VaultDamaged, WrongKey.
    """
    data = _bounded(source)
    with sqlite_errors(source):
        db = sqlite3.connect(":memory:", isolation_level=None)
        try:
            db.deserialize(data)
            configure(db)
            demand_layout(db)
            snapshot = rows.load(db)
            meta = snapshot.meta
            _, master = open_slots(snapshot.slots, passphrase, store=meta.store, epoch=meta.epoch)
            if not manifest_holds(master, snapshot):
                raise VaultDamaged("The sealed file is damaged.", advice="Export it again.")
            return [
                open_record(master, record) for record in snapshot.records if record.kind not in STAYS_HERE
            ]
        except Unauthentic as error:
            raise VaultDamaged("The sealed file is damaged.", advice="Export it again.") from error
        finally:
            db.close()


def merge(vault: Vault, records: Sequence[Record]) -> Merge:
    """Add what the vault does not hold yet, as one change; never overwrite."""
    added, known, differing = [], [], []
    with vault.transaction() as draft:
        present = {record.id.hex(): record for record in draft.snapshot.records}
        for record in records:
            mine = present.get(record.id)
            if mine is None:
                draft.adopt(record)
                added.append(record.id)
            elif open_record(draft.master, mine).data == record.data:
                known.append(record.id)
            else:
                differing.append(record.id)
    return Merge(added=tuple(added), known=tuple(known), differing=tuple(differing))


def _bounded(source: Path) -> bytes:
    try:
        fd = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnsafeFile(f"{source} can't be read: {error.strerror}.", advice="Check the path.") from error
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UnsafeFile(f"{source} is not a plain file.", advice="Give the file that was exported.")
        data = file.read(LARGEST_IMPORT + 1)
    if len(data) > LARGEST_IMPORT:
        raise UnsafeFile(f"{source} is too large for an export of Navarch.", advice="Check the path.")
    return data
