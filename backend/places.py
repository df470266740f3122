"""Where Navarch keeps things: XDG folders, or everything under ``NAVARCH_HOME``."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs("navarch", appauthor=False)


class UnsafePlace(OSError):
    """A folder that others could have prepared or can write to; nothing secret goes there."""


def config_dir() -> Path:
    """Settings (no secrets)."""
    return _private("config", _DIRS.user_config_path)


def data_dir() -> Path:
    """The vault and its backups."""
    return _private("data", _DIRS.user_data_path)


def state_dir() -> Path:
    """What may be lost without harm: remembered views, the last seen generation of a vault."""
    return _private("state", _DIRS.user_state_path)


def cache_dir() -> Path:
    """What can be made again: discovery documents, built test programs."""
    return _private("cache", _DIRS.user_cache_path)


def runtime_dir() -> Path:
    """Sockets and locks of the running session; gone after logout."""
    return _private("run", Path(_DIRS.user_runtime_dir))


def _private(name: str, default: Path) -> Path:
    home = os.environ.get("NAVARCH_HOME")
    path = Path(home).expanduser().absolute() / name if home else default
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise UnsafePlace(
            f"{path} is a link, belongs to someone else or is writable by others; "
            "make it yours alone (chmod 700), or point NAVARCH_HOME elsewhere"
        )
    return path
