"""The settings file in a person's editor."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from console.settings.writing import rewrite


def editor() -> list[str]:
    """The editor's program and arguments: ``VISUAL``, ``EDITOR``, or vi (POSIX's order for full screens)."""
    return shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "") or ["vi"]


def prepared(file: Path) -> Path:
    """The file, made with a heading if it is not there. Raises OSError."""
    rewrite(file, str)
    return file
