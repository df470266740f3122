"""Pod disruption budgets: how many pods may be evicted now, and why no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet
from backend.resources.labels import selector_text


def describe(sheet: Sheet, budget: Mapping[str, Any], now: float) -> None:
    spec, status = budget.get("spec") or {}, budget.get("status") or {}
    sheet.field("Selects pods with", selector_text(spec.get("selector")) or "nothing: it protects no pod")
    sheet.field("At least available", spec.get("minAvailable"))
    sheet.field("At most unavailable", spec.get("maxUnavailable"))
    sheet.field("Unhealthy pods", spec.get("unhealthyPodEvictionPolicy"))
    sheet.field("May be evicted now", status.get("disruptionsAllowed", 0))
    healthy, needed = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    sheet.field("Pods", f"{status.get('expectedPods', 0)} counted, {healthy} healthy, {needed} needed")
    evicted = status.get("disruptedPods") or {}
    if evicted:
        sheet.section("Evicted, not gone yet")
        sheet.table(("POD", "SINCE"), list(evicted.items()))
