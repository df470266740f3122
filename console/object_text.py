"""One object as text: fetched whole when it is opened, described, as YAML, its events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.kube.errors import KubeError
from backend.kube.objects import ApiResource
from backend.text import SafeStr, safe_text
from console.release_text import TABS as RELEASE_TABS
from console.release_text import is_release
from console.views import ObjectRef

if TYPE_CHECKING:
    from backend.fleet.cluster import Cluster
    from backend.resources.kinds.event import Event


USE_TAB = "metrics"
MEASURED = ("pods", "nodes")
"""Kinds whose objects have the tab that tells what they use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A whole object as of now, and what was said about it lately."""

    object: Mapping[str, Any]
    events: Sequence[Event]
    events_error: KubeError | None = None
    """Why there are no events: a person may be allowed to see an object and not its events."""


def tabs_of(resource: ApiResource) -> tuple[str, ...]:
    """What of an object of this kind can be looked at."""
    if is_release(resource):
        return RELEASE_TABS
    measured = (USE_TAB,) if resource.full_name in MEASURED else ()
    return ("describe", "yaml", "events", "relations", *measured)


async def read(cluster: Cluster, ref: ObjectRef) -> Opened:
    """The object and its events. Raises KubeError if the object can't be read."""
    from backend.fleet import objects

    found = await objects.read(cluster, ref.resource, ref.name, namespace=ref.namespace or None)
    try:
        events = await objects.events_of(cluster, objects.typed(found, ref.resource))
    except KubeError as error:
        return Opened(object=found, events=(), events_error=error)
    return Opened(object=found, events=events)


def yaml_tab(opened: Opened, *, reveal: Collection[str], managed_fields: bool) -> SafeStr:
    from backend.resources.document import yaml_text

    return yaml_text(opened.object, reveal=reveal, managed_fields=managed_fields)


def describe_tab(opened: Opened, *, cluster: str, now: float) -> SafeStr:
    from backend.resources.describe import describe

    return describe(opened.object, events=opened.events, cluster=cluster, now=now)


def events_tab(opened: Opened, *, now: float) -> SafeStr:
    """The newest last, as one reads a log."""
    from backend.resources.duration import age
    from backend.resources.kinds.event import last_seen, occurrences, source

    if opened.events_error is not None:
        return safe_text(
            f"Its events can't be read: {opened.events_error.sentence}. {opened.events_error.advice}"
        )
    if not opened.events:
        return safe_text("No events about this object. Servers keep them for an hour or so.")
    rows = [("LAST SEEN", "COUNT", "TYPE", "REASON", "FROM", "MESSAGE")]
    rows += [
        (
            age(last_seen(event), now),
            str(occurrences(event)),
            str(safe_text(event.type, limit=20)),
            str(safe_text(event.reason, limit=60)),
            str(safe_text(source(event), limit=40)),
            str(safe_text(event.message.strip(), limit=1000)),
        )
        for event in sorted(opened.events, key=lambda event: last_seen(event) or "")
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[5]]) for row in rows
    ]
    return safe_text("\n".join(lines), multiline=True, limit=1 << 20)


def secret_keys(opened: Opened) -> list[str]:
    """What of it can be revealed, one at a time."""
    from backend.resources.masking import secret_keys as keys

    return keys(opened.object)
