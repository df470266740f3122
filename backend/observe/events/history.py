"""All events that are known of the fleet: those of the store, those seen since; and the way into the store.

Everything that looks at events feeds this one memory and reads from it, so that a screen shows at once what
an earlier one saw, and each state of an event is written down once. Bounded by age and by number.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence

from backend.fleet.cluster import Cluster
from backend.observe.events.disk import StoreError
from backend.observe.events.seen import Seen, newer
from backend.observe.events.store import EventStore, Limits
from backend.text import SafeStr, safe_text

MOST = 200_000
"""Events in memory; some 100 MB. The longest unseen go first."""
FLUSH = 5.0
"""Seconds that new states wait to be written together."""
_RETRY = 60.0
"""Seconds until a store that refused is tried again."""
_MOST_WAITING = 50_000
"""States that wait for a store that refuses; beyond it they are only shown."""


class EventHistory:
    """One per fleet. Without a store (no vault, a demo) it forgets with the process."""

    def __init__(
        self, store: EventStore | None, *, limits: Limits | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        self.store = store
        self.limits = limits or (store.limits if store is not None else Limits())
        self.problem: SafeStr = safe_text("")
        """Why not all is kept; empty: it is, or there is no store."""
        self._wall = wall
        self._events: dict[str, dict[str, Seen]] = {}
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, list[Seen]] = {}
        self._flusher: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    def known(self, cluster_id: str) -> Sequence[Seen]:
        """All events of a cluster, in no order."""
        return list(self._events.get(cluster_id, {}).values())

    @property
    def count(self) -> int:
        return sum(len(events) for events in self._events.values())

    async def load(self, cluster: Cluster) -> None:
        """Bring what the store has of this cluster into memory; once, however many ask."""
        if self.store is None:
            return
        task = self._loading.get(cluster.id)
        if task is None:
            task = self._loading[cluster.id] = asyncio.create_task(self._load(cluster.id))
        await asyncio.shield(task)

    async def _load(self, cluster_id: str) -> None:
        assert self.store is not None
        try:
            events = await asyncio.to_thread(self.store.load, cluster_id)
        except StoreError as error:
            self._trouble(error)
            return
        self._note_problems()
        self._remember(cluster_id, events)

    def take(self, cluster_id: str, events: Sequence[Seen]) -> list[Seen]:
        """Remember what was seen; returns what of it is news: unknown events, and new states."""
        news = self._remember(cluster_id, events)
        if news and self.store is not None:
            waiting = self._waiting.setdefault(cluster_id, [])
            waiting += news[: max(0, _MOST_WAITING - len(waiting))]
            if self._flusher is None:
                self._flusher = asyncio.create_task(self._flush_on(), name="events to the store")
        return news

    def _remember(self, cluster_id: str, events: Iterable[Seen]) -> list[Seen]:
        known = self._events.setdefault(cluster_id, {})
        oldest = self._wall() - self.limits.seconds
        news = []
        for event in events:
            old = known.get(event.uid)
            if old is not None and (old.version == event.version or newer(old, event) is old):
                continue
            if event.last >= oldest or not event.last:
                known[event.uid] = event
                news.append(event)
        if self.count > MOST:
            self._shrink()
        return news

    def _shrink(self) -> None:
        """Let go of the tenth that was not seen for longest."""
        times = sorted(event.last for events in self._events.values() for event in events.values())
        bound = times[len(times) - MOST * 9 // 10]
        for cluster_id, events in self._events.items():
            self._events[cluster_id] = {uid: event for uid, event in events.items() if event.last >= bound}

    # --- into the store

    async def _flush_on(self) -> None:
        while True:
            await asyncio.sleep(_RETRY if self.problem else FLUSH)
            await self.flush()

    async def flush(self) -> None:
        """Write down what waits. What the store refuses waits on; :attr:`problem` says why."""
        if self.store is None:
            return
        async with self._writing:
            for cluster_id in [one for one, waiting in self._waiting.items() if waiting]:
                events, self._waiting[cluster_id] = self._waiting[cluster_id], []
                try:
                    await asyncio.to_thread(self.store.append, cluster_id, events)
                except StoreError as error:
                    self._waiting[cluster_id] = [*events, *self._waiting[cluster_id]][-_MOST_WAITING:]
                    self._trouble(error)
                    return
                self.problem = safe_text("")
                self._note_problems()

    def _trouble(self, error: StoreError) -> None:
        self.problem = safe_text(f"{error.sentence}. {error.advice}" if error.advice else error.sentence)

    def _note_problems(self) -> None:
        assert self.store is not None
        if self.store.problems:
            self.problem = self.store.problems[-1]
            self.store.problems.clear()

    async def tidy(self, cluster_ids: Sequence[str]) -> None:
        """At the start: what the store should not hold any more goes (see ``EventStore.tidy``)."""
        if self.store is not None:
            try:
                await asyncio.to_thread(self.store.tidy, cluster_ids)
            except StoreError as error:
                self._trouble(error)
            self._note_problems()

    async def aclose(self) -> None:
        """Write what waits, then forget the key."""
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.gather(self._flusher, return_exceptions=True)
        for task in self._loading.values():
            task.cancel()
        await asyncio.gather(*self._loading.values(), return_exceptions=True)
        if self.store is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self.flush()
            await asyncio.to_thread(self.store.close)
        self._events.clear()
