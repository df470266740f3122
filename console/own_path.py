"""How others call this very program: its path, and where it finds its vault."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


class NotInstalled(Exception):
    """Nobody else could call this program."""

    exit_code = 1
    sentence = "the program navarch is not installed where others can call it"
    advice = "Install it (pipx install, or ./dev) and try again."


def own_program() -> Path:
    """The absolute path of ``navarch`` as it should be called later. Raises NotInstalled."""
    called = Path(sys.argv[0])
    beside = Path(sys.executable).parent / "navarch"
    for candidate in (called, beside):
        if candidate.name == "navarch" and candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.absolute()
    found = shutil.which("navarch")
    if found is None:
        raise NotInstalled(NotInstalled.sentence)
    return Path(found).absolute()


def own_environment() -> list[tuple[str, str]]:
    """Variables that the program needs to find its vault."""
    home = os.environ.get("NAVARCH_HOME")
    return [("NAVARCH_HOME", str(Path(home).expanduser().absolute()))] if home else []
