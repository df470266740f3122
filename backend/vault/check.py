"""Looking at a vault's health without changing it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.vault.backup import backups
from backend.vault.draft import chain
from backend.vault.errors import VaultError
from backend.vault.file import connect, network_filesystem, sqlite_errors
from backend.vault.keys import Unauthentic
from backend.vault.records import open_entry
from backend.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    ok: bool
    what: str


def check(vault: Vault) -> list[Finding]:
    """Hold the whole (unlocked) vault against what was written: file, entries, manifest, journal, backups."""
    findings = [_file(vault)]
    bad = vault.quarantined
    total = vault.count()
    findings.append(Finding(ok=not bad, what=f"{total - len(bad)} of {total} entries open"))
    findings += [Finding(ok=False, what=f"entry {entry.id} ({entry.kind}) is damaged") for entry in bad]
    damage = vault.damage
    findings.append(Finding(ok=not damage, what=damage or "the seal over all entries and slots holds"))
    findings.append(_journal(vault))
    if vault.older:
        findings.append(Finding(ok=False, what=vault.older))
    network = network_filesystem(vault.path)
    if network:
        findings.append(
            Finding(ok=True, what=f"on a network file system ({network}): use one machine at a time")
        )
    kept = backups(vault.path)
    newest = f", newest {kept[0].name}" if kept else ""
    findings.append(Finding(ok=True, what=f"{len(kept)} backups{newest}"))
    return findings


def first_break(vault: Vault) -> tuple[int, int]:
    """(lines that hold, number of the first journal line that does not, or 0)."""
    master, entries = vault.journal_entries()
    head, expected = bytes(32), 1
    for entry in entries:
        try:
            data = open_entry(master, entry)
        except Unauthentic:
            return expected - 1, expected
        if entry.seq != expected or data[:32] != head:
            return expected - 1, expected
        head, expected = chain(data), expected + 1
    meta = vault.meta
    if (expected - 1, head) != (meta.journal_seq, meta.journal_head):
        return expected - 1, expected
    return expected - 1, 0


def _file(vault: Vault) -> Finding:
    try:
        with sqlite_errors(vault.path):
            db = connect(vault.path)
            try:
                lines = [row[0] for row in db.execute("PRAGMA integrity_check(3)")]
            finally:
                db.close()
    except VaultError as error:
        return Finding(ok=False, what=error.sentence)
    return Finding(ok=lines == ["ok"], what="the file is whole" if lines == ["ok"] else "; ".join(lines))


def _journal(vault: Vault) -> Finding:
    good, broken = first_break(vault)
    if broken:
        return Finding(ok=False, what=f"the journal was changed: line {broken} does not follow line {good}")
    return Finding(ok=True, what=f"{good} journal lines, unbroken")
