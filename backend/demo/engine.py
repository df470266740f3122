"""Runs a cluster's controllers: a queue of keys to look at, and timers, on one task."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from backend.demo.cluster import Cluster
from backend.demo.store import Event, Key

_LOG = logging.getLogger(__name__)
_BATCH = 50
"""Keys handled before other clusters and requests get their turn."""


class Controller(Protocol):
    """Makes reality follow the spec, one key at a time, from any starting state."""

    @property
    def watches(self) -> tuple[str, ...]:
        """Collections whose events it wants."""
        ...

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        """Which of its objects an event concerns."""
        ...

    def reconcile(self, key: Key) -> None:
        """Look at one object and do what is due."""
        ...


class Engine:
    """The control plane of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.controllers: list[Controller] = []
        self._by_collection: dict[str, list[Controller]] = {}
        self._dirty: dict[tuple[int, Key], Controller] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()
        cluster.store.listen(self._on_event)

    def add(self, controller: Controller) -> None:
        self.controllers.append(controller)
        for collection in controller.watches:
            self._by_collection.setdefault(collection, []).append(controller)

    def enqueue(self, controller: Controller, key: Key) -> None:
        self._dirty[id(controller), key] = controller
        self._wake.set()

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Call ``act`` after so many seconds of the cluster's time (its speed divides them)."""
        due = time.monotonic() + max(0.0, seconds) / self.cluster.speed
        heapq.heappush(self._timers, (due, next(self._order), act))
        self._wake.set()

    def resync(self, collection: str) -> None:
        """Let the controllers of a collection look at all of it again, as informers do now and then."""
        for controller in self._by_collection.get(collection, ()):
            for stored in self.cluster.store.collection(collection).ordered():
                for key in controller.keys(collection, Event("MODIFIED", stored, stored)):
                    self.enqueue(controller, key)

    def settle(self) -> None:
        """Reconcile until nothing is left to do now; timers stay pending."""
        while self._dirty:
            self._one()

    async def run(self) -> None:
        """Reconcile and fire timers until cancelled."""
        while True:
            self._wake.clear()
            for _ in range(_BATCH):
                if not self._dirty:
                    break
                self._one()
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                self._guard(heapq.heappop(self._timers)[2])
            if self._dirty:
                await asyncio.sleep(0)
                continue
            pause = self._timers[0][0] - time.monotonic() if self._timers else None
            # Not wait_for: in Python 3.11 it can swallow a cancellation that meets its timeout.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def _one(self) -> None:
        first = next(iter(self._dirty))
        controller = self._dirty.pop(first)
        self._guard(lambda: controller.reconcile(first[1]))

    def _guard(self, act: Callable[[], None]) -> None:
        """One odd object (users may write any) must not stop the cluster."""
        try:
            act()
        except Exception:
            _LOG.exception("a controller of %s failed", self.cluster.name)

    def _on_event(self, collection: str, event: Event) -> None:
        for controller in self._by_collection.get(collection, ()):
            for key in controller.keys(collection, event):
                self.enqueue(controller, key)
