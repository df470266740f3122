"""Whether a replica still believes its disk.

After a failed sync nobody can tell what the disk kept, and a second sync would say that all
is well. So the first failure is for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Failed(Exception):
    """This replica no longer trusts its disk; it must be rebuilt or its disk replaced."""


class Trust:
    """Shared by everything that promises durability on one replica's disk."""

    def __init__(self, replica: str) -> None:
        self._replica = replica
        self.failure = ""

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
            self.failure = (
                f"replica {self._replica} failed for good: {error}. Its disk may have dropped "
                "what was written; replace it and rebuild from another replica."
            )
            raise

    def guarded(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step, as a promise."""

        def run() -> None:
            with self.promising():
                step()

        return run
