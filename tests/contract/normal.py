"""What two servers may differ in without disagreeing: identities, times, versions, haste."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.contract.door import Reply

_VOLATILE = {
    "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime",
    "selfLink", "serverAddress", "storageVersionHash", "retryAfterSeconds", "clusterIP", "clusterIPs",
    "continue", "remainingItemCount",
}  # fmt: skip
_PATTERNS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"(too old resource version: \d+) \(\d+\)"), r"\1 (RV)"),
    (re.compile(r"current: \d+"), "current: RV"),
    (re.compile(r"ResourceVersion in object meta: \d+"), "ResourceVersion in object meta: RV"),
    (re.compile(r"10\.\d+\.\d+\.\d+"), "ADDRESS"),
    (re.compile(r"^\d+(s|ms|m\d+s)$"), "AGE"),
    (re.compile(r"(?s)^-----BEGIN CERTIFICATE-----.*"), "CERTIFICATE"),
    (re.compile(r"in record \(\d+\)"), "in record (RV)"),
)
_CONTROLLERS = {"deployment.kubernetes.io/revision"}


def normal(reply: Reply | list[Any], *, namespace: str) -> Any:
    """The comparable essence of an answer."""
    if isinstance(reply, list):
        return [_value(event, namespace) for event in reply]
    media = reply.headers.get("content-type", "").split(";")[0]
    try:
        body: Any = json.loads(reply.body)
    except ValueError:
        body = reply.body.decode(errors="replace")
    warnings = [reply.headers["warning"]] if "warning" in reply.headers else []
    return {
        "code": reply.status,
        "media": media,
        "warnings": warnings,
        "body": _value(body, namespace),
    }


def _value(value: Any, namespace: str) -> Any:
    if isinstance(value, str):
        text = value.replace(namespace, "NS")
        for pattern, word in _PATTERNS:
            text = pattern.sub(word, text)
        return text
    if isinstance(value, list):
        return [_value(item, namespace) for item in value]
    if isinstance(value, dict):
        kept = {
            _value(key, namespace): _value(part, namespace)
            for key, part in value.items()
            if key not in _VOLATILE and key not in _CONTROLLERS
        }
        return _without_haste(kept)
    return value


def _without_haste(obj: dict[str, Any]) -> dict[str, Any]:
    """Drop what controllers write at their own pace: a workload's status, their field ownership."""
    if isinstance(obj.get("status"), dict):
        obj.pop("status")
    if obj.get("annotations") == {}:
        del obj["annotations"]
    if "managedFields" in obj:
        obj["managedFields"] = sorted(
            (e for e in obj["managedFields"] if not _own_manager(e.get("manager", ""))), key=str
        )
        if not obj["managedFields"]:
            del obj["managedFields"]
    return obj


def _own_manager(name: str) -> bool:
    """A manager inside the control plane; the demo's controllers own no fields."""
    return "controller" in name or name == "kube-apiserver"


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """Where two values differ, one line each: ``.body.message: 'a' != 'b'``."""
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for key in sorted({*left, *right}):
            where = f"{path}.{key}"
            if key not in left or key not in right:
                side = "only the demo" if key not in left else "only the real one"
                found.append(f"{where}: {side}: {_short(right.get(key, left.get(key)))}")
            else:
                found.extend(differences(left[key], right[key], where))
        return found
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [
            line
            for n, pair in enumerate(zip(left, right, strict=True))
            for line in differences(*pair, f"{path}[{n}]")
        ]
    return [] if left == right else [f"{path}: {_short(left)} != {_short(right)}"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 400 else text[:400] + "…"
