"""Garbage collection: dependents follow their owners, or are orphaned when asked; namespaces are emptied."""

from __future__ import annotations

from collections.abc import Iterable

from backend.demo.ages import seconds_of
from backend.demo.cluster import Cluster
from backend.demo.deleting import FOREGROUND, ORPHAN, delete_one, finish_if_free
from backend.demo.engine import Engine
from backend.demo.recorder import KEPT
from backend.demo.store import Event, Key

_SWEEP = 60.0
_CA_NOTE = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. "
    "No other usage is guaranteed across distributions of Kubernetes clusters."
)
"""The annotation that the real controller writes."""


class GarbageCollector:
    """Watches everything, through ``everything``, which the control plane fills with all collections."""

    watches: tuple[str, ...] = ()

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine
        self._work: dict[Key, tuple[str, Event]] = {}
        engine.cluster.store.listen(self._notice)
        engine.later(0.0, self._sweep_events)

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return []

    def _notice(self, collection: str, event: Event) -> None:
        stored = event.stored
        owns = bool(self.cluster.store.dependents.get(stored.uid))
        if (event.type == "DELETED" and owns) or (event.type != "DELETED" and stored.terminating):
            key = (collection, f"{stored.uid}")
            self._work[key] = (collection, event)
            self._engine.enqueue(self, key)

    def reconcile(self, key: Key) -> None:
        work = self._work.pop(key, None)
        if work is None:
            return
        collection, event = work
        if event.type == "DELETED":
            self._collect(event.stored.uid)
            return
        stored = self.cluster.store.get(collection, *event.stored.key)
        if stored is None or stored.uid != event.stored.uid:
            return
        if ORPHAN in stored.finalizers:
            self._disown(stored.uid)
            self._drop(collection, stored.key, ORPHAN)
        elif FOREGROUND in stored.finalizers:
            if self._collect(stored.uid, foreground=True):
                self._engine.later(0.5, lambda: self._again(key, collection, event))
            else:
                self._drop(collection, stored.key, FOREGROUND)
        else:
            finish_if_free(self.cluster, collection, stored)

    def _again(self, key: Key, collection: str, event: Event) -> None:
        self._work[key] = (collection, event)
        self._engine.enqueue(self, key)

    def _collect(self, uid: str, *, foreground: bool = False) -> bool:
        """Delete what names this owner and no other living one; True while something is left."""
        left = False
        for collection, key in list(self.cluster.store.dependents.get(uid, ())):
            stored = self.cluster.store.get(collection, *key)
            if stored is None or uid not in stored.owners:
                continue
            left = True
            if not stored.terminating:
                policy = "Foreground" if foreground else "Background"
                delete_one(self.cluster, collection, key, propagation=policy)
        return left

    def _disown(self, uid: str) -> None:
        for collection, key in list(self.cluster.store.dependents.get(uid, ())):
            stored = self.cluster.store.get(collection, *key)
            if stored is None:
                continue
            obj = stored.object()
            rest = [ref for ref in obj["metadata"]["ownerReferences"] if ref["uid"] != uid]
            obj["metadata"].pop("ownerReferences")
            if rest:
                obj["metadata"]["ownerReferences"] = rest
            self.cluster.store.put(collection, obj)

    def _drop(self, collection: str, key: Key, finalizer: str) -> None:
        stored = self.cluster.store.get(collection, *key)
        if stored is None:
            return
        obj = stored.object()
        obj["metadata"]["finalizers"] = [name for name in stored.finalizers if name != finalizer]
        if not obj["metadata"]["finalizers"]:
            del obj["metadata"]["finalizers"]
        finish_if_free(self.cluster, collection, self.cluster.store.put(collection, obj))

    def _sweep_events(self) -> None:
        """Events live for an hour (--event-ttl)."""
        oldest = self.cluster.now() - KEPT
        for stored in list(self.cluster.store.collection("events").items.values()):
            last = stored.object().get("lastTimestamp")
            if last and seconds_of(last) < oldest:
                self.cluster.store.remove("events", stored.key)
        self._engine.later(_SWEEP * self.cluster.speed, self._sweep_events)


class NamespaceController:
    """Empties a terminating namespace, then lets it go; gives new ones their default objects."""

    watches = ("namespaces",)

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return [] if event.type == "DELETED" else [event.stored.key]

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get("namespaces", *key)
        if stored is None:
            return
        if not stored.terminating:
            self._furnish(stored.name)
            return
        left = False
        for collection in list(self.cluster.store.collections.values()):
            for item in [i for i in collection.items.values() if i.namespace == stored.name]:
                left = True
                if not item.terminating:
                    delete_one(self.cluster, collection.name, item.key)
        if left:
            self._engine.later(0.5, lambda: self._engine.enqueue(self, key))
        elif not stored.finalizers:
            self.cluster.store.remove("namespaces", key)

    def _furnish(self, name: str) -> None:
        if self.cluster.store.get("serviceaccounts", name, "default") is None:
            self.cluster.add("serviceaccounts", {"metadata": {"name": "default", "namespace": name}})
        if self.cluster.store.get("configmaps", name, "kube-root-ca.crt") is None:
            note = {"kubernetes.io/description": _CA_NOTE}
            meta = {"name": "kube-root-ca.crt", "namespace": name, "annotations": note}
            self.cluster.add("configmaps", {"metadata": meta, "data": {"ca.crt": self.cluster.authority}})
