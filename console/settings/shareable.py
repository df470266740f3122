"""What of the settings may leave the machine: choices, but nothing that a person wrote in their own words."""

from __future__ import annotations

from typing import Any

import msgspec

from console.palettes import OWN
from console.settings.schema import Values

OWN_WORDS = ("aliases", "favourites", "commands", "tables")
"""Lines, filters and programs of one's own name clusters, namespaces and hosts: only their number goes."""


def shareable(values: Values) -> dict[str, Any]:
    """Plain data. Settings that come later are left out until they are one of the simple kinds."""
    told: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(values).items():
        if name in OWN_WORDS:
            told[name] = f"{len(value)} of your own"
        elif isinstance(value, bool | int | float) or name in ("lock", "keys"):
            told[name] = value
        elif name == "theme":
            told[name] = value if value in ("", *OWN) else "one of your own"
    return told
