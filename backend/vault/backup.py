"""Copies of the vault before something dangerous, putting one back, and keeping what is readable."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

from backend import places
from backend.vault import snapshot as rows
from backend.vault.draft import Draft
from backend.vault.errors import VaultDamaged, VaultNotWritten
from backend.vault.file import (
    connect,
    create_private,
    demand_layout,
    demand_private,
    exclusive,
    sqlite_errors,
    sync_folder,
)
from backend.vault.keys import MasterKey, Unauthentic
from backend.vault.manifest import manifest_holds
from backend.vault.records import open_entry, open_record
from backend.vault.slots import open_slots
from backend.vault.snapshot import Snapshot
from backend.vault.vault import Vault
from backend.vault.witness import Witness

KEPT = 3
_NAME = re.compile(r"vault\.(\d+)(?:-\d+)?\.db")


def backups(path: Path) -> list[Path]:
    """The backups of the vault at ``path``, newest first."""
    folder = path.parent / "backups"
    found = (
        [file for file in folder.glob("vault.*.db") if _NAME.fullmatch(file.name)] if folder.is_dir() else []
    )
    return sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True)


def back_up(vault: Vault, destination: Path | None = None) -> Path:
    """Copy the vault as it is now, 0600; without a destination into ``backups/``, keeping the newest three.

    A backup holds the key slots of its day: it opens with the passphrases of then. Raises VaultExists,
    VaultNotWritten.
    """
    if destination is not None:
        _copy(vault.path, destination)
        return destination
    folder = vault.path.parent / "backups"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise VaultNotWritten(f"{folder} can't be created: {error.strerror}.") from error
    target = _free_name(folder, vault.meta.generation)
    _copy(vault.path, target)
    for stale in backups(vault.path)[KEPT:]:
        stale.unlink(missing_ok=True)
    return target


def restore(path: Path, source: Path, secret: str) -> Path | None:
    """Put a backup in the vault's place, after checking that ``secret`` opens it.

    The file that was there is copied into ``backups/`` first, however damaged (returned). Other windows see
    the change and ask for the passphrase again if the key differs. Raises WrongKey, VaultDamaged, UnsafeFile.
    """
    demand_private(source)
    with sqlite_errors(source):
        incoming = connect(source)
        try:
            demand_layout(incoming)
            snapshot = rows.load(incoming)
            meta = snapshot.meta
            _, master = open_slots(snapshot.slots, secret, store=meta.store, epoch=meta.epoch)
            if not _whole(incoming, master, snapshot):
                raise VaultDamaged("This backup is damaged itself.", advice="Try an older one.")
            master.wipe()
            with exclusive(path):
                saved = _set_aside(path)
                _overwrite(path, incoming)
                Witness(places.state_dir(), meta.store).remember(
                    meta
                )  # older now, because a person wanted it
        finally:
            incoming.close()
    return saved


def repair(vault: Vault) -> int:
    """Keep what is readable of a damaged vault; returns how many entries were lost.

    A copy of the damaged file goes to ``backups/`` first. Approvals of exec plugins are dropped: somebody
    may have put back one that was withdrawn. What remains of the journal is kept and chained anew.
    """
    with exclusive(vault.path):
        _set_aside(vault.path)
        lost = 0
        with vault.transaction(damaged=True) as draft:
            lost += _drop_unreadable(draft)
        compact(vault)
    vault.reload()
    return lost


def compact(vault: Vault) -> None:
    """Rewrite the file so that no page of it holds what was deleted."""
    with sqlite_errors(vault.path):
        db = connect(vault.path)
        try:
            db.execute("VACUUM")
        finally:
            db.close()


def _drop_unreadable(draft: Draft) -> int:
    lost = 0
    for record in draft.snapshot.records:
        try:
            open_record(draft.master, record)
            readable = True
        except Unauthentic:
            readable = False
        if not readable or record.kind == "trust":
            draft.delete(record.id.hex())
            lost += 1
    payloads = []
    for entry in rows.journal_entries(draft.db):
        try:
            payloads.append(open_entry(draft.master, entry)[32:])
        except Unauthentic:
            lost += 1
    draft.db.execute("DELETE FROM journal")
    meta = replace(draft.snapshot.meta, journal_seq=0, journal_head=bytes(32))
    draft.snapshot = replace(draft.snapshot, meta=meta, journal_last=0, journal_count=0)
    for payload in payloads:
        draft.append(payload)
    return lost


def _whole(db: sqlite3.Connection, master: MasterKey, snapshot: Snapshot) -> bool:
    return bool(
        db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok" and manifest_holds(master, snapshot)
    )


def _copy(source: Path, target: Path) -> None:
    create_private(target)  # VACUUM INTO accepts an empty file, and its own would be readable by others
    try:
        with sqlite_errors(source):
            db = connect(source)
            try:
                db.execute("VACUUM INTO ?", (str(target),))
            finally:
                db.close()
        sync_folder(target.parent)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _set_aside(path: Path) -> Path | None:
    """A byte-for-byte copy of the file as it is, damaged or not."""
    if not path.exists():
        return None
    folder = path.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    number = 0
    while (target := folder / f"damaged.{number}.db").exists():
        number += 1
    create_private(target)
    target.write_bytes(path.read_bytes())
    return target


def _overwrite(path: Path, incoming: sqlite3.Connection) -> None:
    """Give ``path`` the content of ``incoming`` in one transaction; what is no database is replaced."""
    if not path.exists():
        create_private(path)
    demand_private(path)
    try:
        with sqlite_errors(path):
            db = connect(path)
            try:
                incoming.backup(db)
                whole = db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            finally:
                db.close()
        if whole:
            return
    except VaultDamaged:
        pass
    scratch = path.with_name(f".{path.name}.restore")
    scratch.unlink(missing_ok=True)
    create_private(scratch)
    with sqlite_errors(scratch):
        incoming.execute("VACUUM INTO ?", (str(scratch),))
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
    scratch.replace(path)
    sync_folder(path.parent)


def _free_name(folder: Path, generation: int) -> Path:
    target = folder / f"vault.{generation}.db"
    number = 0
    while target.exists():
        number += 1
        target = folder / f"vault.{generation}-{number}.db"
    return target
