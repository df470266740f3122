"""Pod disruption budgets."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    number_column,
)
from backend.resources.workload import Condition, condition, said


class BudgetSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class BudgetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0
    conditions: list[Condition] | None = None


class Budget(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()


def _bound(value: int | str | None) -> str:
    return "N/A" if value is None else str(value)


def _assess(budget: Budget) -> Verdict:
    """A budget that allows no eviction holds up every drain of its pods' nodes: someone should know."""
    status = budget.status
    allowed = condition(status.conditions, "DisruptionAllowed")
    if allowed is not None and allowed.reason == "SyncFailed":
        return Verdict(Health.FAILING, said(allowed))
    if not status.expected_pods:
        return Verdict(Health.DONE, "selects no pods")
    if status.current_healthy < status.desired_healthy:
        return Verdict(
            Health.WARNING, f"{status.current_healthy} of {status.desired_healthy} needed pods are healthy"
        )
    if not status.disruptions_allowed:
        return Verdict(Health.WARNING, "no pod may be evicted: drains of their nodes will wait")
    return OK


KIND = Kind(
    resource=api_resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb"),
    wire=Budget,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("MIN AVAILABLE", lambda budget: _bound(budget.spec.min_available), align="right"),
        computed_column("MAX UNAVAILABLE", lambda budget: _bound(budget.spec.max_unavailable), align="right"),
        number_column("ALLOWED DISRUPTIONS", lambda budget: budget.status.disruptions_allowed, priority=0),
        age_column(),
    ),
)
