"""Whole objects as YAML or JSON: faithful data, but nothing in it that a terminal would obey."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import msgspec

from backend.resources.masking import masked
from backend.text import SafeStr, safe_text

CLUSTER_ANNOTATION = "navarch.dev/cluster"
_FIRST = ("apiVersion", "kind", "metadata")


def presentable(
    obj: Mapping[str, Any],
    *,
    reveal: Collection[str] = frozenset(),
    managed_fields: bool = False,
    cluster: str = "",
) -> dict[str, Any]:
    """The object as it is shown: secrets masked, no managedFields, and the cluster it came from if named."""
    shown = masked(obj, reveal=reveal)
    metadata = shown.get("metadata")
    if isinstance(metadata, Mapping):
        kept = {k: v for k, v in metadata.items() if managed_fields or k != "managedFields"}
        if cluster:
            kept["annotations"] = {**(kept.get("annotations") or {}), CLUSTER_ANNOTATION: cluster}
        shown["metadata"] = kept
    return {**{key: shown[key] for key in _FIRST if key in shown}, **shown}


def yaml_text(
    obj: Mapping[str, Any], *, reveal: Collection[str] = frozenset(), managed_fields: bool = False
) -> SafeStr:
    """One object as YAML, ready for a terminal."""
    return to_yaml(presentable(obj, reveal=reveal, managed_fields=managed_fields))


def to_yaml(value: object) -> SafeStr:
    """Any plain value as YAML. Text that could steer a terminal is written with YAML's own escapes."""
    text = _dump(value, unicode=True)
    safe = safe_text(text, limit=len(text), multiline=True)
    return safe if safe == text else SafeStr(_dump(value, unicode=False))


@cache
def _dumper() -> Any:
    """libyaml's dumper, writing text of several lines as a block, as kubectl does."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: object) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def _dump(value: object, *, unicode: bool) -> str:
    import yaml

    text: str = yaml.dump(
        value,
        Dumper=_dumper(),
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=unicode,
        width=1_000_000,
    )
    return text


def to_json(value: object, *, indent: int = 4) -> SafeStr:
    """Any plain value as JSON. Text that could steer a terminal is written with JSON's own escapes."""
    encoded = msgspec.json.encode(value)
    if not encoded.isascii() or b"\x7f" in encoded:
        text = encoded.decode()
        if safe_text(text, limit=len(text), multiline=True) != text:
            encoded = json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f").encode()
    return SafeStr(msgspec.json.format(encoded, indent=indent).decode())
