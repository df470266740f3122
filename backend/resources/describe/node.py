"""Nodes: what they offer and what keeps pods away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet


def describe(sheet: Sheet, node: Mapping[str, Any], now: float) -> None:
    spec, status = node.get("spec") or {}, node.get("status") or {}
    info = status.get("nodeInfo") or {}
    sheet.field("Scheduling", "disabled (cordoned)" if spec.get("unschedulable") else "")
    sheet.field("Taints", [_taint(taint) for taint in spec.get("taints") or ()])
    sheet.field("Addresses", [f"{a.get('type')} {a.get('address')}" for a in status.get("addresses") or ()])
    sheet.field("Pod network", spec.get("podCIDRs"))
    sheet.field("Kubelet", info.get("kubeletVersion"))
    sheet.field("System", ", ".join(filter(None, (info.get("osImage"), info.get("architecture")))))
    sheet.field("Kernel", info.get("kernelVersion"))
    sheet.field("Runtime", info.get("containerRuntimeVersion"))
    capacity, allocatable = status.get("capacity") or {}, status.get("allocatable") or {}
    if capacity:
        sheet.section("Resources")
        rows = [(name, amount, allocatable.get(name, "")) for name, amount in capacity.items()]
        sheet.table(("RESOURCE", "CAPACITY", "FOR PODS"), rows)


def _taint(taint: Mapping[str, Any]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value} ({taint.get('effect')})"
