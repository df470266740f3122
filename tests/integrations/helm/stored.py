"""Revisions as Helm stores them, composed by the test."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

STAMP = "2026-09-01T10:00:00.123456789+02:00"


def release(
    name: str = "web",
    *,
    number: int = 1,
    status: str = "deployed",
    version: str = "1.0.0",
    values: dict[str, Any] | None = None,
    defaults: dict[str, Any] | None = None,
    manifest: str = "",
    **info: str,
) -> dict[str, Any]:
    return {
        "name": name,
        "version": number,
        "info": {
            "first_deployed": STAMP,
            "last_deployed": STAMP,
            "deleted": "",
            "description": "Upgrade complete",
            "status": status,
            **info,
        },
        "chart": {
            "metadata": {"name": "nginx", "version": version, "appVersion": "1.27.1", "apiVersion": "v2"},
            "values": defaults or {},
            "templates": [{"name": "templates/a.yaml", "data": "e30="}],
        },
        "config": values or {},
        "manifest": manifest,
        "hooks": [],
    }


def packed(document: object) -> str:
    """What Helm writes into ``data.release`` of a ConfigMap."""
    return base64.b64encode(gzip.compress(json.dumps(document).encode(), mtime=0)).decode()


def labels(name: str, number: int, status: str) -> dict[str, str]:
    return {"owner": "helm", "name": name, "version": str(number), "status": status, "modifiedAt": "1"}


def stored(
    content: dict[str, Any], *, driver: str = "secret", payload: str | None = None, **metadata: Any
) -> dict[str, Any]:
    """The Secret or ConfigMap of a revision; ``payload`` stands in for what Helm would have written."""
    name, number, status = content["name"], content["version"], content["info"]["status"]
    text = packed(content) if payload is None else payload
    head = {
        "name": f"sh.helm.release.v1.{name}.v{number}",
        "labels": labels(name, number, status),
        **metadata,
    }
    if driver == "configmap":
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": {"release": text}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": head,
        "type": "helm.sh/release.v1",
        "data": {"release": base64.b64encode(text.encode()).decode()},
    }
