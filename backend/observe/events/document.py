"""Groups and kept events as plain data, for JSON and YAML; the shapes are stable (docs/events.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backend.observe.events.grading import grade
from backend.observe.events.group import Group
from backend.observe.events.seen import Seen
from backend.resources.document import CLUSTER_ANNOTATION

API_VERSION = "navarch.dev/v1"


def group_document(group: Group, *, cluster: str) -> dict[str, Any]:
    """``kind: EventGroup``; what is unknown is left out."""
    about = {
        "apiVersion": group.api_version,
        "kind": group.kind,
        "namespace": group.metadata.namespace,
        "name": group.metadata.name,
        "uid": group.object_uid,
    }
    kept = {
        "involvedObject": {key: value for key, value in about.items() if value},
        "reason": group.reason,
        "type": group.type,
        "health": group.health.value,
        "count": group.count,
        "events": group.events,
        "perHour": round(group.per_hour, 2),
        "firstSeen": moment(group.first),
        "lastSeen": moment(group.last),
        "source": group.source,
        "message": group.message,
    }
    head = {"apiVersion": API_VERSION, "kind": "EventGroup", "cluster": cluster}
    return head | {key: value for key, value in kept.items() if value not in ("", None)}


def event_document(event: Seen, *, cluster: str) -> dict[str, Any]:
    """A core/v1 Event with the fields that are kept; times are on our clock."""
    about = {
        "apiVersion": event.api_version,
        "kind": event.kind,
        "namespace": event.namespace,
        "name": event.name,
        "uid": event.object_uid,
        "fieldPath": event.field,
    }
    notes = {CLUSTER_ANNOTATION: cluster, "navarch.dev/health": grade(event).value}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": event.event_name,
            "namespace": event.where,
            "uid": event.uid,
            "resourceVersion": event.version,
            "annotations": notes,
        },
        "involvedObject": {key: value for key, value in about.items() if value},
        "reason": event.reason,
        "type": event.type,
        "message": event.message,
        "count": event.count,
        "firstTimestamp": moment(event.first) or None,
        "lastTimestamp": moment(event.last) or None,
        "source": {key: value for key, value in (("component", event.source), ("host", event.host)) if value},
    }


def moment(seconds: float) -> str:
    """RFC 3339, UTC; empty for a time that is not known."""
    if not seconds:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
