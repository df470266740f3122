"""Reading whole objects, whatever their shape: what is not of the kind that is looked for is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: object, *path: str) -> Mapping[str, Any]:
    """The mapping at a path; an empty one where there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The mappings in a list; nothing where there is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(obj: Mapping[str, Any], key: str) -> str:
    value = obj.get(key)
    return value if isinstance(value, str) else ""
