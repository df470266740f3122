"""Resource quotas tell what is used."""

from __future__ import annotations

from collections.abc import Iterable

from backend.demo import quotas
from backend.demo.cluster import Cluster
from backend.demo.engine import Engine
from backend.demo.quantities import in_units
from backend.demo.store import Event, Key


class QuotaController:
    watches = (quotas.QUOTAS, "pods", "services", "configmaps", "secrets", "persistentvolumeclaims")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        if collection == quotas.QUOTAS:
            return [event.stored.key]
        held = self.cluster.store.collection(quotas.QUOTAS).items
        return [key for key in held if key[0] == event.stored.namespace]

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(quotas.QUOTAS, *key)
        if stored is None:
            return
        quota = stored.object()
        hard = (quota.get("spec") or {}).get("hard") or {}
        used = quotas.usage(self.cluster, stored.namespace, hard)
        told = {name: in_units(name, amount) for name, amount in used.items()}
        self.cluster.change(quotas.QUOTAS, stored, quota | {"status": {"hard": hard, "used": told}})
