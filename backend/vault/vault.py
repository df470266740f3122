"""The encrypted store as the rest of Navarch uses it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from backend import places
from backend.vault import snapshot as rows
from backend.vault.cache import DEFAULT_SECONDS, UnlockCache
from backend.vault.creation import fill, put_in_place
from backend.vault.draft import Draft
from backend.vault.errors import RecordConflict, VaultDamaged, VaultExists, VaultLocked
from backend.vault.file import (
    connect,
    create_private,
    demand_layout,
    demand_private,
    network_filesystem,
    sqlite_errors,
)
from backend.vault.kdf import KdfParams, calibrated_params, demand_strength
from backend.vault.keys import MasterKey, Unauthentic
from backend.vault.manifest import manifest_holds
from backend.vault.records import Record, SealedEntry, open_record
from backend.vault.recovery import new_code
from backend.vault.slots import Slot, open_slots, passphrase_way, recovery_way, sealed
from backend.vault.snapshot import Meta, Snapshot
from backend.vault.witness import Witness, complaint


def default_path() -> Path:
    """Where the user's vault is."""
    return places.data_dir() / "vault.db"


class Opening(Protocol):
    """Finds the slot that some secret opens."""

    def __call__(self, slots: Sequence[Slot], *, store: bytes, epoch: int) -> tuple[Slot, MasterKey]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """An entry that can't be opened; it stays in the file until a person decides."""

    id: str
    kind: str


class Vault:
    """One vault file; locked until a passphrase, a recovery code or the cache opened it.

    Safe to use from several threads and processes: reads see what others wrote, writes are transactions, and
    an entry changed elsewhere raises RecordConflict. When another process changed the master key, the next
    call raises VaultLocked. ``unlock`` takes about half a second by design: keep it off a UI's loop.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, *, state: Path | None = None) -> None:
        """Use ``create`` or ``open``."""
        self.path = path
        self._db = db
        self._state = state
        self._lock = threading.RLock()
        self._master: MasterKey | None = None
        self._snapshot: Snapshot | None = None
        self._data_version = -1
        self._quarantined: tuple[Quarantined, ...] = ()
        self._damage = ""
        """What the manifest or an entry says."""
        self._torn = ""
        """What SQLite's own check says."""
        self._rollback = ""

    # -- opening and closing

    @classmethod
    def create(
        cls,
        path: Path | None = None,
        *,
        passphrase: str,
        kdf: KdfParams | None = None,
        recovery: bool = True,
        state: Path | None = None,
    ) -> tuple[Vault, str]:
        """Make a new vault, unlocked, and its recovery code ('' without ``recovery``): show it once.

        The file appears whole or not at all. Raises WeakPassphrase, VaultExists, VaultNotWritten.
        """
        demand_strength(passphrase)
        path = path or default_path()
        if path.exists() or path.is_symlink():
            raise VaultExists(f"{path} exists already.")
        master = MasterKey.fresh(store=os.urandom(16), epoch=1)
        code = new_code() if recovery else ""
        ways = [passphrase_way(passphrase, label="passphrase", params=kdf or calibrated_params())]
        ways += [recovery_way(code, store=master.store)] if recovery else []
        scratch = path.with_name(f".{path.name}.{os.urandom(6).hex()}.new")
        create_private(scratch)
        try:
            fill(scratch, master, [sealed(master, way) for way in ways])
            put_in_place(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)
        vault = cls.open(path, state=state)
        vault._adopt_master(master)
        return vault, code

    @classmethod
    def open(cls, path: Path | None = None, *, state: Path | None = None) -> Vault:
        """Open the file, still locked.

        Raises VaultMissing, UnsafeFile, VaultDamaged, VaultTooNew, VaultBusy.
        """
        path = path or default_path()
        demand_private(path)
        with sqlite_errors(path):
            db = connect(path)
            try:
                demand_layout(db)
                vault = cls(path, db, state=state)
                vault._load()
            except BaseException:
                db.close()
                raise
        return vault

    def unlock(self, secret: str) -> None:
        """Open with a passphrase or a recovery code.

        Raises WrongKey, VaultDamaged, SlotRefused. A vault with damaged entries still opens: see ``damage``.
        """
        self.unlock_by(partial(open_slots, secret=secret))

    def unlock_by(self, opening: Opening) -> Slot:
        """Open by another way (``open_by_keyring``, ``open_by_identity``, ``open_by_agent``); which slot did.

        Raises what the way raises.
        """
        snapshot = self._load()
        slot, master = opening(snapshot.slots, store=snapshot.meta.store, epoch=snapshot.meta.epoch)
        self._adopt_master(master)
        return slot

    def unlock_cached(self, *, extend: bool = False) -> bool:
        """Open with the key that an earlier unlock left in the kernel; ``extend`` starts its time anew."""
        meta = self._load().meta
        cache = UnlockCache(meta.store, meta.epoch)
        found = cache.get()
        if found is None:
            return False
        secret, left = found
        master = MasterKey(secret, store=meta.store, epoch=meta.epoch)
        if extend and left < DEFAULT_SECONDS:
            cache.put(secret)
        secret[:] = bytes(len(secret))
        self._adopt_master(master)
        return True

    def remember(self, *, seconds: int = DEFAULT_SECONDS) -> bool:
        """Let this user's next commands open the vault without asking, for a while; False: no cache here."""
        master = self._need_master()
        return UnlockCache(master.store, master.epoch).put(master.secret, seconds=seconds)

    def remembered_seconds(self) -> float:
        """How long the unlock cache still holds; 0: it does not."""
        meta = self._load().meta
        found = UnlockCache(meta.store, meta.epoch).get()
        if found is None:
            return 0.0
        found[0][:] = bytes(len(found[0]))
        return found[1]

    def lock(self) -> None:
        """Forget the key here and in the unlock cache."""
        with self._lock:
            if self._snapshot is not None:
                UnlockCache(self._snapshot.meta.store, self._snapshot.meta.epoch).drop()
            self._forget()

    def close(self) -> None:
        """Forget the key here (the cache keeps it) and close the file."""
        with self._lock:
            self._forget()
            self._db.close()

    # -- what it is

    @property
    def locked(self) -> bool:
        return self._master is None

    @property
    def meta(self) -> Meta:
        return self._load().meta

    @property
    def slots(self) -> tuple[Slot, ...]:
        return self._load().slots

    def count(self) -> int:
        """How many entries there are, readable or not."""
        return len(self._load().records)

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """Entries that can't be opened; all others are usable."""
        self._fresh()
        return self._quarantined

    @property
    def damage(self) -> str:
        """'' or one sentence; while there is damage nothing is written and no approval counts."""
        self._fresh()
        return self._damage or self._torn

    @property
    def older(self) -> str:
        """'' or a sentence: this file is an older copy, or another branch, of what was last opened here."""
        self._fresh()
        return self._rollback

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences that a person should see after unlocking."""
        self._fresh()
        network = network_filesystem(self.path)
        shared = f"The vault is on a network file system ({network}): use it from one machine at a time."
        return tuple(filter(None, (self.damage, self._rollback, shared if network else "")))

    # -- entries

    def records(self, kind: str) -> list[Record]:
        """All readable entries of a kind, oldest first. Raises VaultLocked."""
        with self._lock:
            snapshot, master = self._fresh()
            bad = {entry.id for entry in self._quarantined}
            return [
                open_record(master, record)
                for record in snapshot.records
                if record.kind == kind and record.id.hex() not in bad
            ]

    def get(self, record_id: str) -> Record:
        """One entry. Raises VaultLocked, RecordConflict (gone), VaultDamaged (quarantined)."""
        with self._lock:
            snapshot, master = self._fresh()
            for record in snapshot.records:
                if record.id.hex() == record_id:
                    try:
                        return open_record(master, record)
                    except Unauthentic as error:
                        raise VaultDamaged("This entry of the vault is damaged.") from error
        raise RecordConflict("This entry is not in the vault (any more).")

    def put(
        self, kind: str, data: bytes, *, record_id: str | None = None, version: int | None = None
    ) -> Record:
        """Add or replace one entry; see ``Draft.put``."""
        with self.transaction() as draft:
            return draft.put(kind, data, record_id=record_id, version=version)

    def delete(self, record_id: str, *, version: int | None = None) -> None:
        with self.transaction() as draft:
            draft.delete(record_id, version=version)

    def journal_entries(self, *, after: int = 0) -> tuple[MasterKey, list[SealedEntry]]:
        with self._lock, sqlite_errors(self.path):
            _, master = self._fresh()
            return master, rows.journal_entries(self._db, after=after)

    @contextmanager
    def transaction(self, *, damaged: bool = False) -> Iterator[Draft]:
        """Several changes as one: all are on disk afterwards, or none.

        Raises VaultLocked, VaultBusy, VaultNotWritten, and VaultDamaged: nothing but a repair (``damaged``)
        writes to a damaged vault.
        """
        with self._lock:
            try:
                draft = self._begin(damaged=damaged)
                before = draft.master
                try:
                    yield draft
                except sqlite3.Error:  # what a draft writes may be refused at once, not only by the commit
                    with sqlite_errors(self.path):
                        raise
                with sqlite_errors(self.path):
                    sealed = draft.seal()
                    self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._snapshot, self._rollback = sealed, ""
            if draft.master is not before:
                UnlockCache(before.store, before.epoch).drop()
                before.wipe()
                self._master = draft.master
            self._witness(sealed.meta.store).remember(sealed.meta)

    def reload(self) -> None:
        """Examine the file anew."""
        self._adopt_master(self._need_master())

    # -- inside

    def _begin(self, *, damaged: bool) -> Draft:
        self._need_master()
        with sqlite_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            snapshot = rows.load(self._db)
            master = self._examine(snapshot)
        if (self._damage or self._torn) and not damaged:
            raise VaultDamaged(self._damage or self._torn)
        return Draft(self._db, master, snapshot)

    def _load(self) -> Snapshot:
        """The rows as they are now, unverified, re-read only when another connection wrote."""
        with self._lock, sqlite_errors(self.path):
            version = self._db.execute("PRAGMA data_version").fetchone()[0]
            if self._snapshot is None or version != self._data_version:
                self._db.execute("BEGIN")
                try:
                    self._snapshot = rows.load(self._db)
                finally:
                    self._db.execute("ROLLBACK")
                self._data_version = version
                if self._master is not None:
                    self._examine(self._snapshot)
            return self._snapshot

    def _fresh(self) -> tuple[Snapshot, MasterKey]:
        with self._lock:
            self._need_master()
            snapshot = self._load()
            return snapshot, self._need_master()

    def _need_master(self) -> MasterKey:
        if self._master is None:
            raise VaultLocked("The vault is locked.")
        return self._master

    def _adopt_master(self, master: MasterKey) -> None:
        with self._lock, sqlite_errors(self.path):
            witness = self._witness(master.store)
            seen = witness.last()
            self._snapshot = None
            self._master = master
            snapshot = self._load()
            problems = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            self._torn = "" if problems == "ok" else "The vault's file is damaged inside."
            self._rollback = complaint(seen, snapshot.meta)
            if not self._damage and not self._torn and not self._rollback:
                witness.remember(snapshot.meta)

    def _examine(self, snapshot: Snapshot) -> MasterKey:
        """Hold the rows against the master key: epoch, manifest, every record."""
        master = self._need_master()
        if snapshot.meta.epoch != master.epoch or snapshot.meta.store != master.store:
            self._forget()
            raise VaultLocked("The vault's key was changed in another window.")
        bad = []
        for record in snapshot.records:
            try:
                open_record(master, record)
            except Unauthentic:
                bad.append(Quarantined(id=record.id.hex(), kind=record.kind))
        self._quarantined = tuple(bad)
        meta = snapshot.meta
        if bad:
            self._damage = f"{len(bad)} of {len(snapshot.records)} entries of the vault can't be opened."
        elif not manifest_holds(master, snapshot):
            self._damage = "Something other than Navarch put back, removed or changed entries of the vault."
        elif (snapshot.journal_last, snapshot.journal_count) != (meta.journal_seq, meta.journal_seq):
            self._damage = "Lines are missing from the vault's journal."
        else:
            self._damage = ""
        return master

    def _forget(self) -> None:
        if self._master is not None:
            self._master.wipe()
        self._master = None
        self._quarantined, self._damage, self._torn = (), "", ""

    def _witness(self, store: bytes) -> Witness:
        return Witness(self._state or places.state_dir(), store)

    def __repr__(self) -> str:
        return f"<Vault {'locked' if self.locked else 'open'}>"
