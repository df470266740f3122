"""Custom resource definitions: what they add to the cluster, without their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet


def describe(sheet: Sheet, definition: Mapping[str, Any], now: float) -> None:
    """Schemas run to thousands of lines: the YAML view has them."""
    spec, status = definition.get("spec") or {}, definition.get("status") or {}
    names = spec.get("names") or {}
    conversion = spec.get("conversion") or {}
    sheet.field("Group", spec.get("group"))
    sheet.field("Kind defined", names.get("kind"))
    sheet.field("Names", [names.get("plural"), names.get("singular"), *(names.get("shortNames") or ())])
    sheet.field("Categories", names.get("categories"))
    sheet.field("Scope", spec.get("scope"))
    sheet.field("Conversion", conversion.get("strategy"))
    if hook := ((conversion.get("webhook") or {}).get("clientConfig") or {}):
        service = hook.get("service") or {}
        sheet.field("Converted by", hook.get("url") or f"{service.get('namespace')}/{service.get('name')}")
    sheet.field("Versions once stored", status.get("storedVersions"))
    sheet.section("Versions")
    sheet.table(
        ("NAME", "SERVED", "STORED", "DEPRECATED", "SUBRESOURCES", "COLUMNS"),
        [
            (
                version.get("name"),
                "yes" if version.get("served") else "no",
                "yes" if version.get("storage") else "",
                version.get("deprecationWarning") or ("yes" if version.get("deprecated") else ""),
                ", ".join(version.get("subresources") or ()),
                ", ".join(str(c.get("name")) for c in version.get("additionalPrinterColumns") or ()),
            )
            for version in spec.get("versions") or ()
        ],
    )
