"""Whether a replica still believes its disk.

After a failed sync nobody can tell what the disk kept, and a second sync would say that all
is well. So the first failure is for good, also over restarts: a file called `failed` says so, whose name
alone counts, for a failing disk may take no bytes. Only a person can say that the disk is sound again
(`mend`); what was not flushed may be lost then, so that it counts as a loss of power.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from blockengine.replica.files import Directory

_FILE, _MENDED, _LONGEST = "failed", "mended ", 1000


class Failed(Exception):
    """This replica no longer trusts its disk; it must be rebuilt or its disk replaced."""


class Trust:
    """Shared by everything that promises durability on one replica's disk."""

    def __init__(self, replica: str, directory: Directory) -> None:
        self._replica, self._directory = replica, directory
        self.failure, self._mended = "", ""
        if _FILE in directory.names():
            said = _read(directory)
            if said.startswith(_MENDED):
                self._mended = said[len(_MENDED) :]
            else:
                self.failure = said or self._told("its disk took no more words")

    def boot(self, boot: str) -> str:
        """The boot id to answer with: another one since somebody mended the replica."""
        return f"{boot}+{self._mended}" if self._mended else boot

    def check(self) -> None:
        """Raises: Failed once a promise could not be kept."""
        if self.failure:
            raise Failed(self.failure)

    @contextmanager
    def promising(self) -> Iterator[None]:
        """Around whatever must be durable when it ends; an OSError in it is for good."""
        try:
            yield
        except OSError as error:
            if not self.failure:
                self.failure = self._told(str(error))
                self._remember()
            raise

    def _told(self, error: str) -> str:
        return (
            f"replica {self._replica} failed for good: {error}. Its disk may have dropped what was written; "
            "replace it and rebuild from another replica (or, if the disk is sound: `replica mend`)."
        )

    def _remember(self) -> None:
        """As far as the disk still can."""
        with suppress(OSError):
            if _FILE in self._directory.names():
                self._directory.remove(_FILE)
            file = self._directory.create(_FILE)
            with suppress(OSError):
                file.pwrite(self.failure.encode(), 0)
                file.sync()
            file.close()
            self._directory.sync()

    def guarded(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step, as a promise."""

        def run() -> None:
            with self.promising():
                step()

        return run


def _read(directory: Directory) -> str:
    """What the file says; its length is unknown, and what lies beyond reads as zeroes."""
    file = directory.open(_FILE)
    try:
        return file.pread(_LONGEST, 0).rstrip(b"\0").decode(errors="replace")
    except OSError:
        return ""
    finally:
        file.close()


def mend(directory: Directory) -> None:
    """A person says that the disk is sound again. Durable on return.

    Raises: ValueError if the replica has not failed; OSError.
    """
    if _FILE not in directory.names() or _read(directory).startswith(_MENDED):
        raise ValueError("this replica has not failed; there is nothing to mend")
    directory.remove(_FILE)
    file = directory.create(_FILE)
    file.pwrite(f"{_MENDED}{secrets.token_hex(8)}".encode(), 0)
    file.sync()
    file.close()
    directory.sync()
