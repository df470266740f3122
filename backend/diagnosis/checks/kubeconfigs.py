"""kubectl's own files: who else can read the credentials in them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn


def _examine(around: Surroundings) -> Iterator[Finding]:
    named = around.environ.get("KUBECONFIG", "")
    paths = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    readable = False
    for path in paths or [Path.home() / ".kube" / "config"]:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            if named:
                yield warn(f"{path}, named by KUBECONFIG: {error.strerror}.", "Correct KUBECONFIG.")
            continue
        readable = True
        if stat.S_IMODE(mode) & 0o077:
            yield warn(
                f"{path} can be read by others (mode {stat.S_IMODE(mode):o}).",
                f"chmod 600 {path}   or keep it in the vault: navarch cluster import",
            )
        else:
            yield ok(f"{path} is readable by you alone")
    if not readable and not named:
        yield ok("there is no kubeconfig outside the vault")


CHECK = Check(title="Kubeconfigs", examine=_examine)
