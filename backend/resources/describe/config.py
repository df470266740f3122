"""Config maps and secrets: their entries; of secrets, only how large they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet
from backend.resources.masking import decoded_size

_SHOWN = 4000
"""Characters of one value; the YAML view has all."""


def describe_config_map(sheet: Sheet, config_map: Mapping[str, Any], now: float) -> None:
    sheet.field("Immutable", config_map.get("immutable"))
    for key, value in (config_map.get("data") or {}).items():
        sheet.section(f"{key}")
        text = str(value)
        more = f"\n… {len(text) - _SHOWN} more characters" if len(text) > _SHOWN else ""
        sheet.text(text[:_SHOWN] + more)
    binary = config_map.get("binaryData") or {}
    if binary:
        sheet.section("Binary data")
        sheet.table(("KEY", "BYTES"), [(key, decoded_size(value)) for key, value in binary.items()])


def describe_secret(sheet: Sheet, secret: Mapping[str, Any], now: float) -> None:
    """``secret`` is already masked: its values say only how long they are."""
    sheet.field("Type", secret.get("type"))
    sheet.field("Immutable", secret.get("immutable"))
    data = secret.get("data") or {}
    if data:
        sheet.section("Data")
        sheet.table(("KEY", "VALUE"), list(data.items()))
