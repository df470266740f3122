"""One cluster's memory: objects by resource, one revision counter, and a finite window of events.

It keeps the promises that etcd and the watch cache keep together: every write takes the next number of one
decimal counter, a list is a snapshot at one number, and a watch that asks for a number older than the window
is told so (410) rather than given a gap.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from backend.demo.status import expired

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Key = tuple[str, str]
"""(namespace, name); the namespace of a cluster-scoped object is empty."""

WINDOW = 1000
"""Events kept per resource; the real watch cache keeps between 100 and 102,400."""


class Stored:
    """One version of one object: its JSON without ``kind`` and ``apiVersion``, and what selectors need.

    Versions are never changed, so that snapshots and events can share them.
    """

    __slots__ = ("body", "finalizers", "labels", "name", "namespace", "owners", "rv", "terminating", "uid")

    def __init__(self, obj: dict[str, Any], rv: int) -> None:
        meta = obj["metadata"]
        self.name: str = meta["name"]
        self.namespace: str = meta.get("namespace", "")
        self.uid: str = meta["uid"]
        self.rv = rv
        self.labels: dict[str, str] = dict(meta.get("labels") or {})
        self.owners: tuple[str, ...] = tuple(ref["uid"] for ref in meta.get("ownerReferences") or ())
        self.finalizers: tuple[str, ...] = tuple(meta.get("finalizers") or ())
        self.terminating = "deletionTimestamp" in meta
        meta["resourceVersion"] = str(rv)
        self.body: bytes = msgspec.json.encode(obj)

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)

    @property
    def path(self) -> str:
        """The storage key's order: ``namespace/name`` compared as text, as etcd does."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def object(self) -> dict[str, Any]:
        """A fresh dict of the whole object (without kind and apiVersion)."""
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded


class Event:
    """One change; ``previous`` lets a selector's watch see objects enter and leave its view."""

    __slots__ = ("previous", "rv", "stored", "type")

    def __init__(self, kind: EventType, stored: Stored, previous: Stored | None) -> None:
        self.type: EventType = kind
        self.stored = stored
        self.previous = previous
        self.rv = stored.rv


class Collection:
    """All objects of one resource in one cluster, whatever version they are served in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: dict[Key, Stored] = {}
        self.forgotten = 0
        """The newest revision that has left the window; watches must start at or after it."""
        self._events: deque[Event] = deque()
        self._sorted: list[Stored] | None = None
        self._waiters: set[asyncio.Event] = set()

    def ordered(self) -> list[Stored]:
        """Every object in storage order. The list is shared: do not change it."""
        if self._sorted is None:
            self._sorted = sorted(self.items.values(), key=lambda stored: stored.path)
        return self._sorted

    def since(self, rv: int) -> list[Event]:
        """Events after ``rv``; raises ApiError 410 if some of them are forgotten."""
        if rv < self.forgotten:
            raise expired(rv, self.forgotten)
        newer: list[Event] = []
        for event in reversed(self._events):
            if event.rv <= rv:
                break
            newer.append(event)
        newer.reverse()
        return newer

    def at(self, rv: int) -> list[Stored]:
        """The objects as they were at ``rv``, undone event by event; raises ApiError 410 if too long ago."""
        newer = self.since(rv)
        if not newer:
            return self.ordered()
        past = dict(self.items)
        for event in reversed(newer):
            if event.previous is None:
                past.pop(event.stored.key, None)
            else:
                past[event.previous.key] = event.previous
        return sorted(past.values(), key=lambda stored: stored.path)

    def remember(self, event: Event, *, window: int) -> None:
        self._events.append(event)
        while len(self._events) > window:
            self.forgotten = self._events.popleft().rv
        self._sorted = None
        for waiter in self._waiters:
            waiter.set()

    def forget(self, rv: int) -> None:
        """Drop every event up to ``rv``, as a compaction does."""
        while self._events and self._events[0].rv <= rv:
            self._events.popleft()
        self.forgotten = max(self.forgotten, rv)

    def signal(self) -> asyncio.Event:
        """An event that is set at each change; give it back with ``release``."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        return waiter

    def release(self, waiter: asyncio.Event) -> None:
        self._waiters.discard(waiter)


Listener = Callable[[str, Event], None]


class Store:
    """Every collection of one cluster."""

    def __init__(self, *, window: int = WINDOW) -> None:
        self.rv = 1
        self.window = window
        self.collections: dict[str, Collection] = {}
        self.dependents: dict[str, set[tuple[str, Key]]] = {}
        """Owner's uid -> who names it in ownerReferences."""
        self.located: dict[str, tuple[str, Key]] = {}
        """Uid -> collection and key of the object that is there now."""
        self._listeners: list[Listener] = []

    def collection(self, name: str) -> Collection:
        found = self.collections.get(name)
        if found is None:
            found = self.collections[name] = Collection(name)
            found.forgotten = 0
        return found

    def get(self, collection: str, namespace: str, name: str) -> Stored | None:
        return self.collection(collection).items.get((namespace, name))

    def listen(self, listener: Listener) -> None:
        """Call ``listener(collection, event)`` after each write; it must not write itself."""
        self._listeners.append(listener)

    def put(self, collection: str, obj: dict[str, Any]) -> Stored:
        """Store a new version of an object under the next revision. The dict may be reused afterwards."""
        target = self.collection(collection)
        self.rv += 1
        stored = Stored(obj, self.rv)
        previous = target.items.get(stored.key)
        target.items[stored.key] = stored
        self._index(collection, stored, previous)
        self._publish(target, Event("MODIFIED" if previous else "ADDED", stored, previous))
        return stored

    def remove(self, collection: str, key: Key) -> Stored | None:
        """Take an object away; its last event carries a revision newer than the object (as etcd's does)."""
        target = self.collection(collection)
        previous = target.items.pop(key, None)
        if previous is None:
            return None
        self.rv += 1
        self._index(collection, None, previous)
        last = Stored(previous.object(), self.rv)
        self._publish(target, Event("DELETED", last, previous))
        return last

    def compact(self) -> None:
        """Forget all events so far: watches must start from now. A restart of the real server does this."""
        for collection in self.collections.values():
            collection.forget(self.rv)

    def _publish(self, target: Collection, event: Event) -> None:
        target.remember(event, window=self.window)
        for listener in self._listeners:
            listener(target.name, event)

    def _index(self, collection: str, new: Stored | None, old: Stored | None) -> None:
        if old is not None and (new is None or new.uid != old.uid):
            self.located.pop(old.uid, None)
        if new is not None:
            self.located[new.uid] = (collection, new.key)
        if old is not None and (new is None or new.owners != old.owners):
            for owner in old.owners:
                self.dependents.get(owner, set()).discard((collection, old.key))
        if new is not None and (old is None or new.owners != old.owners):
            for owner in new.owners:
                self.dependents.setdefault(owner, set()).add((collection, new.key))


def select(
    stored: list[Stored], *, namespace: str, matches: Callable[[Stored], bool] | None
) -> Iterator[Stored]:
    """The objects of one namespace ('' for all) that a selector keeps, in order."""
    for item in stored:
        if (not namespace or item.namespace == namespace) and (matches is None or matches(item)):
            yield item
