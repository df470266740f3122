"""The vault's file: created for its owner alone, refused when it is not, opened without surprises."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.vault.errors import (
    UnsafeFile,
    VaultBusy,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultMissing,
    VaultNotWritten,
    VaultTooNew,
)
from backend.vault.format import APPLICATION_ID, SCHEMA, SCHEMA_VERSION

BUSY_SECONDS = 5.0
_NETWORK_FILESYSTEMS = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs")
) | {"fuse.sshfs", "fuse.glusterfs"}
_REFUSED_BY_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
_HELD_BY_OTHERS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def create_private(path: Path) -> None:
    """Make an empty file, 0600, before SQLite opens it: its own default would be readable by others."""
    try:
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise VaultExists(f"{path} exists already.") from error
    except OSError as error:
        raise VaultNotWritten(f"{path} can't be created: {error.strerror}.") from error
    try:
        os.fchmod(fd, 0o600)  # whatever the umask was
    finally:
        os.close(fd)


def demand_private(path: Path) -> None:
    """Raises VaultMissing, or UnsafeFile for links, other owners, and files that others can touch."""
    try:
        status = path.lstat()
    except FileNotFoundError as error:
        raise VaultMissing(f"There is no vault at {path}.") from error
    except OSError as error:
        raise UnsafeFile(f"{path} can't be examined: {error.strerror}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFile(f"{path} is a link or not a plain file.")
    if status.st_uid != os.getuid():
        raise UnsafeFile(f"{path} belongs to another user.")
    if status.st_mode & 0o077:
        raise UnsafeFile(f"{path} can be read or written by others (mode {stat.S_IMODE(status.st_mode):o}).")


def connect(path: Path) -> sqlite3.Connection:
    """Open the file with settings that suit secrets.

    The rollback journal (not WAL) is used everywhere: a vault is written rarely, stays one file that can be
    copied whole, and works on network homes, where WAL does not. Deleted content is overwritten.
    """
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    configure(db)
    return db


def configure(db: sqlite3.Connection) -> None:
    for pragma in (
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "journal_mode = DELETE",
        "synchronous = EXTRA",
        "secure_delete = ON",
        "temp_store = MEMORY",
    ):
        db.execute(f"PRAGMA {pragma}").fetchall()


def lay_out(db: sqlite3.Connection) -> None:
    """Create the tables of an empty vault; call it inside the transaction that fills them."""
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    for statement in SCHEMA.values():
        db.execute(statement)


def demand_layout(db: sqlite3.Connection) -> None:
    """Raises VaultDamaged unless the file holds exactly our tables: no trigger, view or altered column."""
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise VaultDamaged("This file is not a Navarch vault.", advice="Check the path, or restore a backup.")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise VaultTooNew("This vault was written by a newer Navarch.")
    found = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    if version < SCHEMA_VERSION or found != SCHEMA:
        raise VaultDamaged("The vault's tables are not the ones that Navarch made.")


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says into sentences; a damaged file may raise almost anything."""
    try:
        yield
    except VaultError:
        raise
    except sqlite3.Error as error:
        extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        if extended == sqlite3.SQLITE_READONLY_DBMOVED:
            raise VaultNotWritten(
                f"The vault's file {path} was moved, replaced or deleted while it was open.",
                advice="Nothing was written. Put it back (or restore a backup), then open Navarch again.",
            ) from error
        code = extended & 0xFF
        if code in _HELD_BY_OTHERS:
            raise VaultBusy("Another window is writing to the vault.") from error
        if code in _REFUSED_BY_DISK:
            raise VaultNotWritten(f"The vault at {path} could not be read or written: {error}.") from error
        raise VaultDamaged(f"The vault's file {path} is damaged.") from error
    except (OverflowError, UnicodeError, TypeError, ValueError) as error:
        raise VaultDamaged(f"The vault's file {path} holds values that Navarch never writes.") from error


@contextmanager
def exclusive(path: Path, *, deadline: float = BUSY_SECONDS) -> Iterator[None]:
    """Only one process changes keys, restores or compacts at a time (flock on ``<vault>.lock``)."""
    lock = path.with_name(path.name + ".lock")
    try:
        fd = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise VaultNotWritten(f"The lock file {lock} can't be opened: {error.strerror}.") from error
    try:
        end = time.monotonic() + deadline
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise VaultBusy("Another window is changing the vault's keys.") from error
                time.sleep(0.05)
        yield
    finally:
        os.close(fd)


def network_filesystem(path: Path) -> str:
    """The name of the network file system that holds ``path``, or ''. Known on Linux only."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    where = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts:
        before, _, after = line.partition(" - ")
        point = before.split()[4].replace("\\040", " ")
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind if kind in _NETWORK_FILESYSTEMS else ""


def sync_folder(folder: Path) -> None:
    """Make a rename or link in ``folder`` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
