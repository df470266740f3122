"""Disruption budgets count their pods, so that evictions know what they may take (k8s.io/api/policy/v1)."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any

from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active, is_ready
from backend.demo.engine import Engine
from backend.demo.selectors import matches_selector
from backend.demo.store import Event, Key, Stored

BUDGETS = "policy/poddisruptionbudgets"


class DisruptionController:
    watches = (BUDGETS, "pods")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        if collection == BUDGETS:
            return [event.stored.key]
        return [budget.key for budget in budgets_of(self.cluster, event.stored)]

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(BUDGETS, *key)
        if stored is None:
            return
        budget = stored.object()
        spec = budget.get("spec") or {}
        pods = [
            pod
            for one in self.cluster.store.collection("pods").items.values()
            if one.namespace == stored.namespace and matches_selector(spec.get("selector"), one.labels)
            if is_active(pod := one.object())
        ]
        healthy, expected = sum(is_ready(pod) for pod in pods), len(pods)
        desired = _desired(spec, expected)
        allowed = max(0, healthy - desired)
        status = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": budget["metadata"].get("generation", 1),
            "conditions": (budget.get("status") or {}).get("conditions") or [],
        }
        self.cluster.change(BUDGETS, stored, budget | {"status": status})


def budgets_of(cluster: Cluster, pod: Stored) -> list[Stored]:
    """The disruption budgets that protect a pod."""
    return [
        budget
        for budget in cluster.store.collection(BUDGETS).items.values()
        if budget.namespace == pod.namespace
        and matches_selector((budget.object().get("spec") or {}).get("selector"), pod.labels)
    ]


def _desired(spec: dict[str, Any], expected: int) -> int:
    if spec.get("maxUnavailable") is not None:
        return max(0, expected - _amount(spec["maxUnavailable"], expected))
    return _amount(spec.get("minAvailable", 1), expected)


def _amount(value: int | str, of: int) -> int:
    """A number, or a percentage rounded up."""
    return ceil(of * int(value[:-1]) / 100) if isinstance(value, str) and value.endswith("%") else int(value)
