"""Persistent volumes: whose they are, where their bytes are, and what happens to them afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet

_NOT_SOURCES = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


def describe(sheet: Sheet, volume: Mapping[str, Any], now: float) -> None:
    spec, status = volume.get("spec") or {}, volume.get("status") or {}
    phase = ": ".join(str(status[part]) for part in ("phase", "reason", "message") if status.get(part))
    claim = spec.get("claimRef") or {}
    sheet.field("Phase", phase)
    sheet.field("Claim", f"{claim.get('namespace')}/{claim.get('name')}" if claim else "none")
    sheet.field("Capacity", (spec.get("capacity") or {}).get("storage"))
    sheet.field("Access modes", ", ".join(spec.get("accessModes") or ()))
    sheet.field("Volume mode", spec.get("volumeMode"))
    sheet.field("Class", spec.get("storageClassName"))
    sheet.field("Attributes class", spec.get("volumeAttributesClassName"))
    sheet.field("When released", spec.get("persistentVolumeReclaimPolicy"))
    sheet.field("Mount options", spec.get("mountOptions"))
    sources = {key: value for key, value in spec.items() if key not in _NOT_SOURCES}
    if sources:
        sheet.section("Source")
        sheet.tree(sources)
    required = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    if required:
        sheet.section("Only on nodes with")
        for term in required:
            sheet.text(" and ".join(_needed(needed) for needed in term.get("matchExpressions") or ()))


def _needed(needed: Mapping[str, Any]) -> str:
    values = ", ".join(map(str, needed.get("values") or ()))
    return f"{needed.get('key')} {needed.get('operator')} {values}".rstrip()
