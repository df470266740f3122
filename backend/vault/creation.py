"""A new vault: written under another name first, so that it appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from backend import __version__
from backend.vault.draft import Draft
from backend.vault.errors import VaultExists
from backend.vault.file import connect, lay_out, sqlite_errors, sync_folder
from backend.vault.format import READER_VERSION
from backend.vault.keys import MasterKey
from backend.vault.records import Record
from backend.vault.slots import Slot
from backend.vault.snapshot import Meta, Snapshot


def fill(path: Path, master: MasterKey, slots: Sequence[Slot], contents: Sequence[Record] = ()) -> None:
    """Write header, slots and entries into an empty file, as generation 1."""
    empty = Meta(
        store=master.store,
        min_reader=READER_VERSION,
        epoch=master.epoch,
        generation=0,
        journal_seq=0,
        journal_head=bytes(32),
        mac=b"",
        created_by=f"navarch {__version__}",
    )
    with sqlite_errors(path):
        db = connect(path)
        try:
            db.execute("BEGIN IMMEDIATE")
            lay_out(db)
            nothing = Snapshot(meta=empty, slots=(), records=(), journal_last=0, journal_count=0)
            draft = Draft(db, master, nothing)
            draft.replace_slots(slots)
            for record in contents:
                draft.adopt(record)
            draft.seal()
            db.execute("COMMIT")
        finally:
            db.close()


def put_in_place(scratch: Path, path: Path) -> None:
    """Give the finished file its name, never over an existing one."""
    try:
        os.link(scratch, path)
    except FileExistsError as error:
        raise VaultExists(f"{path} exists already.") from error
    except OSError:  # a file system without hard links
        if path.exists():
            raise VaultExists(f"{path} exists already.") from None
        os.rename(scratch, path)
    sync_folder(path.parent)
