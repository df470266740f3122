"""Files of a spool: private, without a name from the moment they are made, and what killed runs left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path

from backend import places

_NAME = "spool-"


class SpoolFile:
    """One part of a spool; written at its end, read anywhere."""

    def __init__(self, descriptor: int, *, number: int) -> None:
        self._descriptor = descriptor
        self.number = number
        self.size = 0

    def append(self, data: bytes) -> int:
        """Write at the end; where it begins. Raises OSError, and then nothing of it counts."""
        offset = self.size
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, data[written:], offset + written)
        self.size += len(data)
        return offset

    def read(self, offset: int, size: int) -> bytes:
        """Raises OSError, also when it was closed meanwhile."""
        return os.pread(self._descriptor, size, offset)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class SpoolFolder:
    """Where spools are; by default in the cache folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._made = 0

    def new_file(self) -> SpoolFile:
        """A fresh file that nobody else can open: it loses its name before it is written. Raises OSError.

        The name exists for a moment. A run that is killed in it leaves an empty file; the next start
        removes it (its owner's lock on it is gone).
        """
        folder = self._place()
        if not self._made:
            clean(folder)
        path = folder / f"{_NAME}{os.getpid()}-{secrets.token_hex(8)}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        with contextlib.suppress(OSError):  # another start may be cleaning up: then it removes the name
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self._made += 1
        return SpoolFile(descriptor, number=self._made)

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = places.cache_dir() / "logs"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder


def clean(folder: Path) -> None:
    """Remove what killed runs left: files that nobody holds."""
    for path in folder.glob(f"{_NAME}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(descriptor)
