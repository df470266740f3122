"""Room for the vault and its backups: a change needs about twice the vault's size."""

from __future__ import annotations

import os
from collections.abc import Iterator

from backend import places
from backend.diagnosis.check import Check, Finding, Surroundings, fail, ok, warn

_MIB = 1024 * 1024


def _examine(around: Surroundings) -> Iterator[Finding]:
    folder = places.data_dir()
    facts = os.statvfs(folder)
    free = facts.f_bavail * facts.f_frsize
    said = f"{free // _MIB:,} MiB free where the vault is"
    if free < 8 * _MIB:
        yield fail(said, "Make room: changes of the vault will be refused (nothing is lost).")
    elif free < 64 * _MIB:
        yield warn(said, "Make room soon.")
    else:
        yield ok(said)
    if facts.f_files and facts.f_favail < 100:
        yield fail(
            f"{facts.f_favail} files can still be made there.", "Make room: the disk is short of inodes."
        )


CHECK = Check(title="Disk", examine=_examine)
