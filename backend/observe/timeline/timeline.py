"""The timeline of one object: events about it and its relatives, their own changes, and what stands out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backend.fleet.cluster import Cluster
from backend.kube.objects import ApiResource
from backend.observe.events.grading import grade
from backend.observe.events.seen import Seen
from backend.observe.events.selection import Selection
from backend.observe.timeline.changes import changes_of
from backend.observe.timeline.happening import Happening, Subject, What
from backend.observe.timeline.relatives import Relative, Relatives, relatives_of
from backend.observe.timeline.revisions import rollouts
from backend.observe.timeline.suspicion import Finding, look_into
from backend.text import SafeStr

_TWICE = 120.0
"""Seconds that a repeated event must span to stand in the timeline where it began, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    happenings: tuple[Happening, ...]
    """The latest first."""
    finding: Finding
    gone: bool = False
    unread: bool = False
    """The objects could not be looked at: there are only events about the object itself."""
    problems: tuple[SafeStr, ...] = ()
    """What could not be read."""


class Past:
    """What one object's relatives remember, read from its cluster; events are added as they come."""

    def __init__(self, cluster: Cluster, resource: ApiResource, name: str, *, namespace: str = "") -> None:
        self._cluster = cluster
        self._resource = resource
        self._name = name
        self._namespace = namespace
        self._itself = Subject(
            role="itself", resource=resource, kind=resource.kind, namespace=namespace, name=name
        )
        self.relatives = Relatives(found={self._itself.key: Relative(subject=self._itself, obj={})})
        self._changes: list[Happening] = []
        self.unread = True
        """The objects were not looked at yet, or could not be."""

    async def read(self) -> None:
        """Look at the objects, again if they were looked at; what was known of them stays if that fails.

        Raises KubeError (not for one that is gone)."""
        relatives = await relatives_of(self._cluster, self._resource, self._name, namespace=self._namespace)
        first, self.unread = self.unread, False
        if relatives.gone and not first and not self.relatives.gone:
            self.relatives.gone = True  # what was known of it stays
            return
        skew = self._cluster.clock_skew
        found = [*rollouts(relatives), *(one for r in relatives.found.values() for one in changes_of(r))]
        self.relatives = relatives
        self._changes = [replace(one, at=one.at - skew) for one in found if one.at > 0]

    def selection(self, *, since: float = 0.0) -> Selection:
        """The events among which those of the relatives are."""
        if self._namespace:
            return Selection(
                clusters=(self._cluster.id,),
                namespaces=(self._namespace, "default"),
                since=since,
                grouped=False,
            )
        return Selection(
            clusters=(self._cluster.id,),
            kind=self._resource.full_name,
            names=(self._name,),
            since=since,
            grouped=False,
        )

    def timeline(self, events: Iterable[Seen], *, now: float, since: float = 0.0) -> Timeline:
        """``since``: seconds; 0: all."""
        told: list[Happening] = []
        for event in events:
            subject = self.relatives.subject_of(event.kind, event.namespace, event.name)
            if subject is not None:
                told.append(_told(event, subject))
        happenings = [*told, *self._changes]
        finding = look_into(happenings, self.relatives, now=now)
        shown = [one for one in _with_beginnings(happenings) if not since or one.at >= now - since]
        shown.sort(key=lambda one: (-one.at, one.subject.key, one.title))
        return Timeline(
            happenings=tuple(shown),
            finding=finding,
            gone=self.relatives.gone,
            unread=self.unread,
            problems=tuple(self.relatives.problems),
        )


def _told(event: Seen, subject: Subject) -> Happening:
    return Happening(
        at=event.last,
        what=What.EVENT,
        subject=subject,
        title=event.reason,
        text=event.message,
        health=grade(event),
        count=event.count,
        begun=event.first if event.count > 1 else 0.0,
        evidence=f"event of {event.source}" if event.source else "event",
    )


def _with_beginnings(happenings: Sequence[Happening]) -> Iterable[Happening]:
    """What goes on for a while stands where it was last seen, and where it began."""
    for one in happenings:
        yield one
        if one.begun and one.at - one.begun > _TWICE:
            text = f"began; {one.count:,} times until now. {one.text}"
            yield replace(one, at=one.begun, begun=0.0, count=1, text=text)
