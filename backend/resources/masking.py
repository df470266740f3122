"""Secret values stay out of sight: in YAML, JSON and descriptions, until revealed one by one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from typing import Any

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
EVERYTHING = frozenset({"*"})
"""Reveal all values."""
MASK = "‹masked›"


def is_secret(obj: Mapping[str, Any]) -> bool:
    """Whether its values are secret (core/v1 Secret)."""
    return obj.get("kind") == "Secret" and obj.get("apiVersion", "v1") == "v1"


def is_release(obj: Mapping[str, Any]) -> bool:
    """Whether it is a Helm release, whose values come from a Secret."""
    return obj.get("kind") == "HelmRelease" and obj.get("apiVersion") == "helm.sh/v1"


def masked(obj: Mapping[str, Any], *, reveal: Collection[str] = frozenset()) -> dict[str, Any]:
    """The object with a Secret's values replaced by ``‹masked, N bytes›``; others come back as they are.

    Of a Helm release too (``helm_masking``).

    ``reveal`` names the keys of ``data`` and ``stringData`` that stay readable (``EVERYTHING``: all). The
    annotation in which ``kubectl apply`` keeps a copy of all values is masked unless everything is revealed.
    """
    if is_release(obj):
        from backend.resources.helm_masking import masked_release

        return masked_release(obj, reveal=reveal)
    if not is_secret(obj) or "*" in reveal:
        return dict(obj)
    shown = dict(obj)
    for field in ("data", "stringData"):
        values = shown.get(field)
        if isinstance(values, Mapping):
            shown[field] = {
                key: value if key in reveal else _mask(value, encoded=field == "data")
                for key, value in values.items()
            }
        elif values:
            shown[field] = MASK  # a manifest can say anything
    metadata = shown.get("metadata")
    if isinstance(metadata, Mapping) and isinstance(notes := metadata.get("annotations"), Mapping):
        hidden = {key: MASK if key == LAST_APPLIED else value for key, value in notes.items()}
        shown["metadata"] = {**metadata, "annotations": hidden}
    return shown


def secret_keys(obj: Mapping[str, Any]) -> list[str]:
    """What can be revealed: a Secret's keys, the paths of a Helm release's values; of others nothing."""
    if is_release(obj):
        from backend.resources.helm_masking import value_paths

        return value_paths(obj)
    return sorted({*(obj.get("data") or ()), *(obj.get("stringData") or ())}) if is_secret(obj) else []


def decoded_size(value: object) -> int | None:
    """Bytes of a base64 value of ``data``; None if it is no base64."""
    try:
        return len(base64.b64decode(str(value), validate=True))
    except (binascii.Error, ValueError):
        return None


def _mask(value: object, *, encoded: bool) -> str:
    size = decoded_size(value) if encoded else len(str(value).encode())
    return MASK if size is None else f"‹masked, {size} byte{'' if size == 1 else 's'}›"
