"""Ingresses: which requests go where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet

Object = Mapping[str, Any]


def describe(sheet: Sheet, ingress: Object, now: float) -> None:
    spec, status = ingress.get("spec") or {}, ingress.get("status") or {}
    reached = (status.get("loadBalancer") or {}).get("ingress") or ()
    sheet.field("Class", spec.get("ingressClassName") or "the cluster's default")
    sheet.field("Address", [entry.get("ip") or entry.get("hostname") for entry in reached] or "none yet")
    if default := spec.get("defaultBackend"):
        sheet.field("Everything else to", _backend(default))
    rows = [row for rule in spec.get("rules") or () for row in _rows(rule)]
    if rows:
        sheet.section("Rules")
        sheet.table(("HOST", "PATH", "MATCH", "TO"), rows)
    secured = spec.get("tls") or ()
    if secured:
        sheet.section("TLS")
        sheet.table(
            ("SECRET", "HOSTS"),
            [
                (entry.get("secretName", "the controller's"), ", ".join(entry.get("hosts") or ("*",)))
                for entry in secured
            ],
        )


def _rows(rule: Object) -> list[tuple[object, ...]]:
    host = rule.get("host") or "*"
    paths = (rule.get("http") or {}).get("paths") or ()
    if not paths:
        return [(host, "", "", "")]
    return [
        (host, path.get("path") or "/", path.get("pathType"), _backend(path.get("backend") or {}))
        for path in paths
    ]


def _backend(backend: Object) -> str:
    if service := backend.get("service"):
        port = service.get("port") or {}
        return f"service {service.get('name')}:{port.get('name') or port.get('number')}"
    resource = backend.get("resource") or {}
    return f"{resource.get('kind')} {resource.get('name')}"
