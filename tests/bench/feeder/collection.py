"""The pods of one simulated cluster: versions, snapshots for pages, a finite history for watches."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict, deque
from dataclasses import dataclass, replace

from tests.bench.feeder.pods import Pod, Template

_HISTORY = 512
_SNAPSHOTS = 8


@dataclass(frozen=True, slots=True)
class Change:
    version: int
    line: bytes
    """The watch event, with its line feed."""


class Collection:
    """One counter of versions, lists as of one of them, 410 when it aged out: an API server's promises."""

    def __init__(self, *, pods: int, seed: int) -> None:
        self.template = Template(seed)
        self.version = 1000
        self.pods: dict[int, Pod] = {
            number: Pod(
                number=number, birth=seed, version=1000, restarts=number % 3, failing=number % 50 == 49
            )
            for number in range(pods)
        }
        self.forgotten = 0
        """Watches and pages from before this version answer 410."""
        self._births = seed
        self._history: deque[Change] = deque()
        self._snapshots: OrderedDict[int, list[Pod]] = OrderedDict()
        self._waiters: set[asyncio.Event] = set()

    def truth(self) -> dict[str, str]:
        """Version by uid."""
        return {pod.uid: str(pod.version) for pod in self.pods.values()}

    # --- changes

    def change(self, chance: random.Random) -> None:
        """One pod restarts, changes its health, or is replaced by another (which are two changes)."""
        number = chance.randrange(len(self.pods))
        pod = self.pods[number]
        dice = chance.random()
        if dice < 0.05:
            self._put("DELETED", replace(pod, version=self.version + 1))
            self._births += 1
            self._put("ADDED", Pod(number, self._births, self.version + 1, 0, failing=False))
        else:
            failing = not pod.failing if dice < 0.25 else pod.failing
            self._put(
                "MODIFIED",
                replace(pod, version=self.version + 1, restarts=pod.restarts + 1, failing=failing),
            )

    def _put(self, type: str, pod: Pod) -> None:
        self.version = pod.version
        self.pods[pod.number] = pod
        line = b'{"type":"%s","object":%s}\n' % (type.encode(), self.template.render(pod))
        self._history.append(Change(pod.version, line))
        while len(self._history) > _HISTORY:
            self.forgotten = self._history.popleft().version
        for waiter in self._waiters:
            waiter.set()

    def expire(self) -> None:
        """Forget all history, as a compaction or a restarted server does."""
        self._history.clear()
        self._snapshots.clear()
        self.forgotten = self.version

    # --- reading

    def snapshot(self, version: int | None = None) -> list[Pod] | None:
        """The pods as of a version that a list began at (None: now); None when it is forgotten."""
        if version is not None:
            return self._snapshots.get(version)
        taken = self._snapshots[self.version] = list(self.pods.values())
        while len(self._snapshots) > _SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return taken

    def since(self, version: int) -> list[Change] | None:
        """Changes after a version; None when some of them are forgotten."""
        if version < self.forgotten:
            return None
        newer = []
        for change in reversed(self._history):
            if change.version <= version:
                break
            newer.append(change)
        return newer[::-1]

    def signal(self) -> asyncio.Event:
        """Set at each change; give it back with :meth:`release`."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        return waiter

    def release(self, waiter: asyncio.Event) -> None:
        self._waiters.discard(waiter)
