"""One process at a time in a replica's directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blockengine.replica.files import RealDirectory


@contextmanager
def locked(path: Path) -> Iterator[RealDirectory]:
    """A replica's directory, with every other process kept out."""
    directory = RealDirectory(path)
    directory.lock()
    try:
        yield directory
    finally:
        directory.unlock()
