"""The vault's health, as far as it can be seen: locked, only its file; unlocked, all of it."""

from __future__ import annotations

from collections.abc import Iterator

from backend.diagnosis.check import Check, Finding, Surroundings, fail, ok, warn
from backend.vault import Vault, VaultError, VaultMissing
from backend.vault.backup import backups
from backend.vault.check import check
from backend.vault.vault import default_path


def _examine(around: Surroundings) -> Iterator[Finding]:
    path = around.vault.path if around.vault is not None else default_path()
    try:
        Vault.open(path).close()
    except VaultMissing:
        yield ok("There is no vault yet.")
        return
    except VaultError as error:
        yield fail(error.sentence, error.advice)
        return
    if around.vault is None or around.vault.locked:
        kept = len(backups(path))
        yield warn(
            f"The vault is locked: only its file was looked at ({kept} backups beside it).",
            "Unlock it first for the rest: navarch vault unlock",
        )
        return
    for finding in check(around.vault):
        if finding.ok:
            yield ok(finding.what)
        else:
            yield fail(finding.what, "See: navarch vault check")


CHECK = Check(title="Vault", examine=_examine)
