"""Services: where they listen and whom they reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet


def describe(sheet: Sheet, service: Mapping[str, Any], now: float) -> None:
    spec = service.get("spec") or {}
    balancer = (service.get("status") or {}).get("loadBalancer") or {}
    sheet.field("Type", spec.get("type"))
    sheet.field("Cluster IP", spec.get("clusterIPs"))
    sheet.field("External IPs", spec.get("externalIPs"))
    sheet.field("External name", spec.get("externalName"))
    reached = [entry.get("ip") or entry.get("hostname") for entry in balancer.get("ingress") or ()]
    sheet.field("Load balancer", reached or ("pending" if spec.get("type") == "LoadBalancer" else ""))
    sheet.field("Selects pods with", spec.get("selector"))
    sheet.field("Session affinity", spec.get("sessionAffinity"))
    sheet.field("Traffic policy", spec.get("externalTrafficPolicy"))
    ports = spec.get("ports") or ()
    if ports:
        sheet.section("Ports")
        sheet.table(
            ("NAME", "PORT", "TARGET", "NODE PORT"),
            [
                (
                    port.get("name", ""),
                    f"{port.get('port')}/{port.get('protocol', 'TCP')}",
                    port.get("targetPort", port.get("port")),
                    port.get("nodePort", ""),
                )
                for port in ports
            ],
        )
