"""Events as events.k8s.io/v1 serves them: the same objects, some fields under other names.

Whoever may read this API only sees nothing through core/v1: ``backend.observe.events`` turns to it then.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from backend.resources.kind import api_resource
from backend.resources.kinds.event import KIND as CORE
from backend.resources.kinds.event import Event, EventSource, InvolvedObject


class EventOfEvents(Event, frozen=True, gc=False, rename="camel"):
    involved_object: InvolvedObject = msgspec.field(name="regarding", default=InvolvedObject())
    message: str = msgspec.field(name="note", default="")
    source: EventSource = msgspec.field(name="deprecatedSource", default=EventSource())
    first_timestamp: str | None = msgspec.field(name="deprecatedFirstTimestamp", default=None)
    last_timestamp: str | None = msgspec.field(name="deprecatedLastTimestamp", default=None)
    count: int = msgspec.field(name="deprecatedCount", default=0)
    reporting_component: str = msgspec.field(name="reportingController", default="")


KIND = replace(
    CORE,
    resource=api_resource("events.k8s.io/v1", "Event", "events", "ev"),
    wire=EventOfEvents,
    custom=True,  # its plain words mean the core kind
)
