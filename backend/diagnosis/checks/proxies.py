"""Proxies that the environment names: they stand between Navarch and every cluster that is not excepted."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from backend.diagnosis.check import Check, Finding, Surroundings, fail, ok, warn

_NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def _examine(around: Surroundings) -> Iterator[Finding]:
    named = False
    for name in _NAMES:
        upper, lower = around.environ.get(name, ""), around.environ.get(name.lower(), "")
        if upper and lower and upper != lower:
            yield warn(
                f"{name} and {name.lower()} differ.", "Programs differ in which counts; set both alike."
            )
        value = lower or upper
        if not value:
            continue
        named = True
        try:
            parts = urlsplit(value if "://" in value else f"http://{value}")
            where = f"{parts.scheme}://{parts.hostname or '?'}:{parts.port or 'default'}"
        except ValueError:
            yield fail(f"{name} is no address.", "Correct it, for example http://proxy.example:3128")
            continue
        if parts.password:
            yield warn(
                f"{name} holds a password ({where}): every program you start can read it.",
                "Use a proxy without a password in its address, or a local one that adds it.",
            )
        else:
            yield ok(f"{name}: {where}")
    if named and not (around.environ.get("no_proxy") or around.environ.get("NO_PROXY")):
        yield warn(
            "A proxy is named and nothing is excepted from it (NO_PROXY).",
            "Except what is reached directly, for example NO_PROXY=10.0.0.0/8,.internal",
        )
    if not named:
        yield ok("the environment names no proxy")


CHECK = Check(title="Proxies", examine=_examine)
