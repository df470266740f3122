"""Events (core/v1)."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.duration import age, epoch
from backend.resources.kind import (
    OK,
    Column,
    Health,
    Kind,
    Verdict,
    api_resource,
    computed_column,
    name_column,
    number_column,
    text_column,
)


class InvolvedObject(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    field_path: str = ""


class EventSource(msgspec.Struct, frozen=True, gc=False):
    component: str = ""
    host: str = ""


class EventSeries(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    count: int = 0
    last_observed_time: str | None = None


class Event(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    metadata: ObjectMeta = ObjectMeta()
    type: str = ""
    reason: str = ""
    message: str = ""
    involved_object: InvolvedObject = InvolvedObject()
    source: EventSource = EventSource()
    reporting_component: str = ""
    reporting_instance: str = ""
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    count: int = 0
    series: EventSeries | None = None


def first_seen(event: Event) -> str | None:
    return event.first_timestamp or event.event_time


def last_seen(event: Event) -> str | None:
    """RFC 3339 time of the latest occurrence."""
    if event.series is not None and event.series.last_observed_time:
        return event.series.last_observed_time
    return event.last_timestamp or first_seen(event)


def occurrences(event: Event) -> int:
    """How often: of either API, and at least once."""
    return max(1, event.count, event.series.count if event.series is not None else 0)


def _object(event: Event) -> str:
    involved = event.involved_object
    return f"{involved.kind.lower()}/{involved.name}" if involved.name else involved.kind.lower()


def source(event: Event) -> str:
    component = event.source.component or event.reporting_component
    host = event.source.host or event.reporting_instance
    return f"{component}, {host}" if host else component


def _assess(event: Event) -> Verdict:
    return (
        Verdict(Health.WARNING, f"{event.reason}: {event.message.strip()}") if event.type == "Warning" else OK
    )


def _since(when: Any) -> Any:
    def text(event: Event, now: float) -> str:
        return age(when(event), now)

    return text


KIND = Kind(
    resource=api_resource("v1", "Event", "events", "ev"),
    wire=Event,
    assess=_assess,
    columns=(
        Column(
            "LAST SEEN", _since(last_seen), lambda event: -epoch(last_seen(event)), align="right", timed=True
        ),
        text_column("TYPE", "type"),
        text_column("REASON", "reason", priority=0),
        computed_column("OBJECT", _object, priority=0),
        text_column("SUBOBJECT", "involved_object.field_path", wide=True, priority=5),
        computed_column("SOURCE", source, wide=True, priority=5),
        computed_column("MESSAGE", lambda event: event.message.strip(), priority=0),
        Column(
            "FIRST SEEN",
            _since(first_seen),
            lambda event: -epoch(first_seen(event)),
            align="right",
            wide=True,
            priority=5,
            timed=True,
        ),
        number_column("COUNT", occurrences, wide=True, priority=4),
        name_column(wide=True),
    ),
)
