"""What this machine last saw of a vault, so that an older copy in its place is noticed.

Kept outside the vault, unencrypted, holding nothing secret. Whoever can replace the vault can often replace
this too: rollback of the whole file is noticed, not prevented (docs/threat-model.md).
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from backend.vault.snapshot import Meta


class Sighting(msgspec.Struct, frozen=True):
    generation: int
    mac: bytes
    journal_seq: int


class Witness:
    """Remembers one sighting per vault in the state folder; failing to remember is never an error."""

    def __init__(self, folder: Path, store: bytes) -> None:
        self._path = folder / f"vault-{store.hex()}.json"

    def last(self) -> Sighting | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Sighting)
        except (OSError, msgspec.MsgspecError, ValueError):
            return None

    def remember(self, meta: Meta) -> None:
        sighting = Sighting(generation=meta.generation, mac=meta.mac, journal_seq=meta.journal_seq)
        scratch = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            fd = os.open(scratch, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(msgspec.json.encode(sighting))
            os.replace(scratch, self._path)
        except OSError:
            return


def complaint(seen: Sighting | None, meta: Meta) -> str:
    """A sentence when the vault is older than, or another branch of, what was seen last; '' when it is fine.

    ``seen`` must have been read before the vault was, or a write in between looks like a rollback.
    """
    if seen is None or meta.generation > seen.generation:
        return ""
    if meta.generation < seen.generation:
        return (
            f"This vault is older than the one last opened here (change {meta.generation}, seen "
            f"{seen.generation}): somebody put back a copy. Entries, approvals and journal lines "
            "since then are missing. To go on with it: navarch vault check --repair"
        )
    if meta.mac != seen.mac:
        return "This vault is not the one last opened here: it was changed in another copy."
    return ""
