"""CustomResourceDefinitions that are deleted take their objects along first."""

from __future__ import annotations

from collections.abc import Iterable

from backend.demo.cluster import Cluster
from backend.demo.customs import CRDS
from backend.demo.deleting import delete_one, finish_if_free
from backend.demo.engine import Engine
from backend.demo.store import Event, Key

_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


class DefinitionController:
    watches = (CRDS,)

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        return [] if event.type == "DELETED" else [event.stored.key]

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(CRDS, *key)
        if stored is None:
            return
        obj = stored.object()
        if not stored.terminating:
            if _CLEANUP not in stored.finalizers:
                obj["metadata"]["finalizers"] = [*stored.finalizers, _CLEANUP]
                self.cluster.store.put(CRDS, obj)
            return
        if _CLEANUP not in stored.finalizers:
            return
        name = f"{obj['spec']['group']}/{obj['spec']['names']['plural']}"
        left = list(self.cluster.store.collection(name).items.values())
        for item in left:
            if not item.terminating:
                delete_one(self.cluster, name, item.key)
        if self.cluster.store.collection(name).items:
            self._engine.later(0.5, lambda: self._engine.enqueue(self, key))
            return
        obj["metadata"]["finalizers"] = [entry for entry in stored.finalizers if entry != _CLEANUP]
        finish_if_free(self.cluster, CRDS, self.cluster.store.put(CRDS, obj))
