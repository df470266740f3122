"""Where Navarch keeps things: XDG folders, or everything under ``NAVARCH_HOME``."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs("navarch", appauthor=False)


class UnsafePlace(OSError):
    """A folder that others could have prepared or can write to; nothing secret goes there."""


def config_dir() -> Path:
    """Settings (no secrets)."""
    return _private("config", lambda: _DIRS.user_config_path)


def data_dir() -> Path:
    """The vault and its backups."""
    return _private("data", lambda: _DIRS.user_data_path)


def state_dir() -> Path:
    """What may be lost without harm: remembered views, the last seen generation of a vault."""
    return _private("state", lambda: _DIRS.user_state_path)


def cache_dir() -> Path:
    """What can be made again: discovery documents, built test programs."""
    return _private("cache", lambda: _DIRS.user_cache_path)


def runtime_dir() -> Path:
    """Sockets and locks of the running session; gone after logout where the system has such a place.

    Without one (cron, containers, ``su``) it lies in the state folder: a predictable name under /tmp could be
    taken by somebody else first.
    """
    return _private("run", lambda: _session_dir() or state_dir() / "run")


def _session_dir() -> Path | None:
    if sys.platform == "darwin":
        return _DIRS.user_runtime_path
    place = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return place / "navarch" if place.is_dir() and os.access(place, os.W_OK) else None


def _private(name: str, default: Callable[[], Path]) -> Path:
    home = os.environ.get("NAVARCH_HOME")
    path = Path(home).expanduser().absolute() / name if home else default()
    if home:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise UnsafePlace(
            f"{path} is a link, belongs to someone else or is writable by others; "
            "make it yours alone (chmod 700), or point NAVARCH_HOME elsewhere"
        )
    return path
