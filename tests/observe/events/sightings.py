"""Events for tests: as a server would send them, and as they are kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from backend.observe.events.seen import Seen, seen
from backend.resources import registry
from backend.resources.kinds.event import KIND, Event

NOW = 1_790_000_000.0


def stamp(seconds_ago: float) -> str:
    return datetime.fromtimestamp(NOW - seconds_ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def raw(
    name: str = "api-1.17a", *, about: str = "Pod/pay/api-1", reason: str = "BackOff", **more: Any
) -> dict[str, Any]:
    """One event as core/v1 serves it."""
    kind, namespace, obj = about.split("/")
    where = namespace or "default"
    ago = more.pop("ago", 60.0)
    return {
        "metadata": {
            "name": name,
            "namespace": where,
            "uid": f"uid-{where}-{name}",
            "resourceVersion": more.pop("version", "7"),
            "creationTimestamp": stamp(ago),
        },
        "involvedObject": {
            "kind": kind,
            "namespace": namespace,
            "name": obj,
            "uid": f"uid-{obj}",
            "apiVersion": "v1",
        },
        "reason": reason,
        "message": "Back-off restarting failed container",
        "type": "Warning",
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": stamp(ago),
        "lastTimestamp": stamp(ago),
        "count": 1,
    } | more  # fmt: skip


def decoded(*events: dict[str, Any]) -> list[Event]:
    page = registry.struct_decoder(KIND).page(json.dumps({"metadata": {}, "items": list(events)}).encode())
    assert not page.skipped
    return [item for item in page.items if isinstance(item, Event)]


def sighting(name: str = "api-1.17a", *, skew: float = 0.0, **more: Any) -> Seen:
    (event,) = decoded(raw(name, **more))
    return seen(event, skew=skew)
