"""One event as it is kept: the fields that matter, on our own clock, whichever API it was written through.

An API server serves the same events as core/v1 and as events.k8s.io/v1. Through core/v1 those of the newer
API have no ``firstTimestamp``, ``lastTimestamp`` or ``count``, but ``eventTime`` and a ``series``; this is
where that difference ends.
"""

from __future__ import annotations

from sys import intern

import msgspec

from backend.resources.duration import epoch
from backend.resources.kinds.event import Event, occurrences

_AHEAD = 2.0
"""Seconds that a first sighting may lie after its event's creation: more, and the reporter's clock is off."""
LONGEST_MESSAGE = 4096
"""Characters kept; API servers allow 1,024, but not all that is served comes from one."""
_LONGEST_FIELD = 512


class Seen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is kept of an event. Times are seconds since the epoch on our clock; 0: the event has none.

    All text is the cluster's and unsafe. Fields may only be added at the end: stores hold this as an array.
    """

    uid: str
    version: str
    """``resourceVersion``: each change of an event has another one."""
    kind: str
    api_version: str
    namespace: str
    """Of the object; empty for kinds of the whole cluster (their events lie in ``default``)."""
    name: str
    object_uid: str
    field: str
    reason: str
    type: str
    message: str
    source: str
    host: str
    first: float
    last: float
    count: int
    where: str = ""
    """Namespace of the event itself."""
    event_name: str = ""

    @property
    def warning(self) -> bool:
        return self.type == "Warning"


def seen(event: Event, *, skew: float = 0.0) -> Seen:
    """``skew``: seconds that the cluster's clock is ahead of ours."""
    metadata, about = event.metadata, event.involved_object
    first, last = _times(event)
    return Seen(
        metadata.uid or f"{metadata.namespace}/{metadata.name}",
        metadata.resource_version,
        intern(_cut(about.kind)),
        intern(_cut(about.api_version)),
        intern(_cut(about.namespace)),
        _cut(about.name),
        _cut(about.uid),
        intern(_cut(about.field_path)),
        intern(_cut(event.reason)),
        intern(_cut(event.type)),
        event.message.strip()[:LONGEST_MESSAGE],
        intern(_cut(event.source.component or event.reporting_component)),
        intern(_cut(event.source.host or event.reporting_instance)),
        first - skew if first else 0.0,
        last - skew if last else 0.0,
        occurrences(event),
        intern(_cut(metadata.namespace)),
        _cut(metadata.name),
    )


def _times(event: Event) -> tuple[float, float]:
    """(first, last) by the API server's clock.

    Components write an event's times by their own clock, the server its creation. Nothing is first seen after
    it was written down: what a reporter's clock is ahead is taken off. A clock that is behind can't be told
    from an event that was sent late, so it stays.
    """
    created = epoch(event.metadata.creation_timestamp)
    series = epoch(event.series.last_observed_time) if event.series is not None else 0.0
    written = (event.first_timestamp, event.event_time, event.last_timestamp)
    known = [moment for moment in (*map(epoch, written), series) if moment > 0]
    if not known:
        return created, created
    first, last = min(known), max(known)
    ahead = first - created if created else 0.0
    return (first - ahead, last - ahead) if ahead > _AHEAD else (first, last)


def newer(one: Seen, other: Seen) -> Seen:
    """Of two states of one event the later: counts and times only ever grow."""
    return other if (other.count, other.last) >= (one.count, one.last) else one


def _cut(text: str) -> str:
    """Bounded, and without the one character that groups are keyed with."""
    return text[:_LONGEST_FIELD].replace("\0", "")
