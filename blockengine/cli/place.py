"""Which machine this is, and which boot of it."""

from __future__ import annotations

import platform
import uuid
from pathlib import Path

from blockengine.replica.replica import Place


def here() -> Place:
    """The machine's id and its boot's, from where Linux keeps them; elsewhere the best there is."""
    machine = _first_line("/etc/machine-id") or f"{platform.node()}-{uuid.getnode():x}"
    # Without a boot id every start counts as a new boot: unflushed blocks are then not trusted.
    boot = _first_line("/proc/sys/kernel/random/boot_id") or uuid.uuid4().hex
    return Place(machine, boot)


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
