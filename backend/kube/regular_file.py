"""Reading a file whose name came from somebody else: it may be a pipe, a device, or endless."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_regular(path: Path, limit: int) -> bytes:
    """A regular file's content of at most ``limit`` bytes; never waits for a FIFO. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"it is not a regular file: {path}")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(f"it is larger than {limit} bytes: {path}")
    return content
