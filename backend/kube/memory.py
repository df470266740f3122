"""What all kept objects may weigh together: a fleet that lies, or grew, must not take the machine (R21)."""

from __future__ import annotations

from collections.abc import Callable

from backend.kube.errors import TooLarge

MOST = 1024 << 20
"""Bytes of all objects that are kept, by estimate. R21 says 512 MB for the process; three hundred clusters of
a thousand pods, which a machine of today bears easily, are 700."""
MOST_OF_ONE = 256 << 20
"""Bytes of one kind of one cluster: twice what the most objects that a table takes weigh as pods."""


class Memory:
    """The account of one fleet: each list and watch holds a share of it."""

    def __init__(self, *, most: int = MOST, most_of_one: int = MOST_OF_ONE) -> None:
        self.most = most
        self.held = 0
        self.relieve: Callable[[], bool] = lambda: False
        """Called when the account is full: lets go of what nobody looks at; whether there was any."""
        self._most_of_one = most_of_one

    def share(self, cluster: str) -> Share:
        """A share of nothing yet; ``cluster``: its name, for people."""
        return Share(self, cluster)

    def _take(self, cluster: str, before: int, now: int, what: str) -> None:
        self.held += now - before
        if now <= before:
            return
        if now > self._most_of_one:
            raise TooLarge(cluster, f"its {what} weigh more than {self._most_of_one >> 20} MB")
        if self.held > self.most and not self.relieve():
            raise TooLarge(
                cluster,
                f"with its {what}, all that is kept would weigh more than {self.most >> 20} MB",
                advice="Narrow it: fewer clusters (@), a namespace (-n), a label (-l); or raise memory_mb "
                "in the settings.",
            )


class Share:
    """What one list and its watch keep."""

    def __init__(self, memory: Memory, cluster: str) -> None:
        self.bytes = 0
        self._memory = memory
        self._cluster = cluster

    def hold(self, size: int, *, what: str) -> None:
        """It keeps ``size`` bytes now; ``what``: of which objects. Raises TooLarge when that is too much."""
        before, self.bytes = self.bytes, size
        self._memory._take(self._cluster, before, size, what)

    def release(self) -> None:
        """Nothing is kept any more."""
        self.hold(0, what="")
