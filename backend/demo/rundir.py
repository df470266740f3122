"""The private folder of one demo run, and the clean-up after runs that were killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from backend.places import runtime_dir

_PREFIX = "demo-"
_LOCK = "lock"


class RunDir:
    """A 0700 folder that is locked while its run lives, and removed with it.

    A run that was killed by SIGKILL leaves its folder; the kernel has released its lock, so the next run
    knows that it is stale and removes it.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or runtime_dir()
        self.path = Path()
        self._lock = -1

    def __enter__(self) -> RunDir:
        self._sweep()
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def write(self, name: str, content: bytes) -> Path:
        """A 0600 file in the folder."""
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return path

    def _sweep(self) -> None:
        for path in self._parent.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                if not self._in_use(path):
                    shutil.rmtree(path, ignore_errors=True)

    @staticmethod
    def _in_use(path: Path) -> bool:
        try:
            descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            # Between mkdtemp and the lock another run is starting; leave young folders alone.
            return path.stat().st_mtime > _a_minute_ago()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _a_minute_ago() -> float:
    return time.time() - 60
