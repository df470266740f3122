"""Files for us alone: how the store of events reads, writes and locks them."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from backend.text import SafeStr, safe_text
from backend.vault.file import BUSY_SECONDS


class StoreError(Exception):
    """Events can't be kept; ``sentence`` says why. What is seen stays in memory."""

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence: SafeStr = safe_text(sentence)
        self.advice: SafeStr = safe_text(advice)
        super().__init__(self.sentence)


def opened(path: Path) -> BinaryIO:
    """To read; links are not followed."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")


def content(path: Path) -> bytes:
    with opened(path) as handle:
        return handle.read()


def write_all(fd: int, data: bytes, *, at: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, at)
        view, at = view[done:], at + done


def private(folder: Path) -> None:
    """Make it for us alone; raises StoreError if it is somebody else's or open to others."""
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise StoreError(
            f"events can't be kept: {folder} is a link, or not yours alone", f"chmod 700 {folder}"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Raises StoreError when another console holds it too long."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise StoreError("another console is busy with the kept events") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(fd)
