"""Whether an unlocked vault stays unlocked for the next command."""

from __future__ import annotations

from collections.abc import Iterator

from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn
from backend.vault.cache import why_unavailable


def _examine(around: Surroundings) -> Iterator[Finding]:
    reason = why_unavailable()
    if reason:
        yield warn(reason, "For scripts: NAVARCH_PASSWORD_FILE or NAVARCH_PASSWORD_COMMAND.")
    else:
        yield ok("the kernel's keyring works")


CHECK = Check(title="Unlock cache", examine=_examine)
