"""Workloads: how many pods they want and have, how they replace them, and the template of those pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe import pod
from backend.resources.describe.sheet import Sheet

_COUNTS = (
    ("replicas", "exist"),
    ("desiredNumberScheduled", "desired"),
    ("currentNumberScheduled", "scheduled"),
    ("updatedReplicas", "up to date"),
    ("updatedNumberScheduled", "up to date"),
    ("readyReplicas", "ready"),
    ("numberReady", "ready"),
    ("availableReplicas", "available"),
    ("numberAvailable", "available"),
    ("unavailableReplicas", "unavailable"),
    ("numberUnavailable", "unavailable"),
    ("active", "active"),
    ("succeeded", "succeeded"),
    ("failed", "failed"),
)


def describe(sheet: Sheet, workload: Mapping[str, Any], now: float) -> None:
    spec, status = workload.get("spec") or {}, workload.get("status") or {}
    wanted = spec.get("replicas")
    counts = [f"{status[field]} {word}" for field, word in _COUNTS if field in status]
    sheet.field("Pods", ", ".join([*([f"{wanted} wanted"] if wanted is not None else []), *counts]))
    for field, title in (
        ("completions", "Completions"),
        ("parallelism", "Parallelism"),
        ("backoffLimit", "Retries"),
    ):
        sheet.field(title, spec.get(field))
    sheet.field("Started", status.get("startTime"))
    sheet.field("Completed", status.get("completionTime"))
    sheet.field("Paused", "yes" if spec.get("paused") else "")
    sheet.field("Strategy", _strategy(spec.get("strategy") or spec.get("updateStrategy") or {}))
    sheet.field("Headless service", spec.get("serviceName"))
    sheet.field("Selector", (spec.get("selector") or {}).get("matchLabels"))
    template = (spec.get("template") or {}).get("spec") or {}
    pod.containers(sheet, template)
    claims = spec.get("volumeClaimTemplates") or ()
    if claims:
        sheet.section("Claim templates")
        sheet.table(("NAME", "CLASS", "SIZE"), [_claim(claim) for claim in claims])
    pod.placement(sheet, template)


def _strategy(strategy: Mapping[str, Any]) -> str:
    rolling = strategy.get("rollingUpdate") or {}
    words = [f"{key} {value}" for key, value in rolling.items()]
    return ", ".join([str(strategy.get("type", "")), *words]) if strategy else ""


def _claim(claim: Mapping[str, Any]) -> tuple[object, object, object]:
    spec = claim.get("spec") or {}
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "")
    return ((claim.get("metadata") or {}).get("name"), spec.get("storageClassName", "default"), size)
