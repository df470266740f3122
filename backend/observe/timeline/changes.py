"""What objects remember of their own past: conditions, container endings, writes, births and deaths.

Objects keep little: the last transition of each condition, the last ending of each container, the last write
of each manager. What is told here happened; what happened before it may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backend.observe.timeline.happening import Happening, What
from backend.observe.timeline.relatives import Relative
from backend.observe.timeline.shapes import mapping, mappings, text
from backend.resources.duration import epoch
from backend.resources.kind import Health

_BAD_WHEN_TRUE = """
MemoryPressure DiskPressure PIDPressure NetworkUnavailable ReplicaFailure Failed Stalled FailureTarget
DisruptionTarget
"""
_BAD_IF_TRUE = frozenset(_BAD_WHEN_TRUE.split())
_SETTLING = 120.0
"""Seconds after an object was made in which conditions that turn good are its start, and no news."""
_BORN = 5.0
"""Seconds after which a condition is no more what the object was made with."""
_SERVERS_OWN = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver")
_MOST_FIELDS = 5


def changes_of(one: Relative) -> Iterator[Happening]:
    """By the cluster's clock."""
    metadata = mapping(one.obj.get("metadata"))
    created = epoch(text(metadata, "creationTimestamp"))
    if one.subject.kind not in ("ReplicaSet", "ControllerRevision") and created:
        yield Happening(at=created, what=What.LIFE, subject=one.subject, title="created", evidence="metadata")
    if (ending := epoch(text(metadata, "deletionTimestamp"))) > 0:
        yield Happening(
            at=ending,
            what=What.LIFE,
            subject=one.subject,
            title="deleted",
            text="it is being deleted",
            health=Health.WARNING,
            evidence="metadata",
        )
    yield from _conditions(one, created)
    yield from _containers(one)
    yield from _writes(one, created)
    yield from _own(one)


def _conditions(one: Relative, created: float) -> Iterator[Happening]:
    for condition in mappings(mapping(one.obj.get("status")).get("conditions")):
        at = epoch(text(condition, "lastTransitionTime"))
        kind, status = text(condition, "type"), text(condition, "status")
        bad = status in ("True" if kind in _BAD_IF_TRUE else "False", "Unknown")
        if not at or kind == "ContainersReady" or (not bad and at < created + _SETTLING):
            continue  # ContainersReady goes with Ready
        why = ": ".join(part for part in (text(condition, "reason"), text(condition, "message")) if part)
        health = Health.OK if not bad else Health.FAILING if kind in _GRAVE else Health.WARNING
        if bad and at <= created + _BORN:
            health = Health.WARNING  # all begin so; whether it is wrong depends on how long it lasts
        yield Happening(
            at=at,
            what=What.CONDITION,
            subject=one.subject,
            title=f"{kind}={status}",
            text=why,
            health=health,
            evidence="status.conditions",
        )


_GRAVE = frozenset({"Ready", "Available", "ReplicaFailure", "Failed", "NetworkUnavailable", "PodScheduled"})


def _containers(one: Relative) -> Iterator[Happening]:
    status = mapping(one.obj.get("status"))
    for listed in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for container in mappings(status.get(listed)):
            yield from _endings(one, container)


def _endings(one: Relative, container: Mapping[str, Any]) -> Iterator[Happening]:
    name, restarts = text(container, "name"), container.get("restartCount") or 0
    for where in ("lastState", "state"):
        ended = mapping(mapping(container.get(where)).get("terminated"))
        at = epoch(text(ended, "finishedAt"))
        if not at:
            continue
        code, reason = ended.get("exitCode"), text(ended, "reason")
        well = code == 0
        told = f"container {name} ended: {reason or 'exit'} ({code})"
        yield Happening(
            at=at,
            what=What.RESTART,
            subject=one.subject,
            title=reason or "ended",
            text=told,
            health=Health.OK if well else Health.FAILING,
            evidence=f"{where}.terminated",
        )
    running = mapping(mapping(container.get("state")).get("running"))
    if restarts and (at := epoch(text(running, "startedAt"))) > 0:
        yield Happening(
            at=at,
            what=What.RESTART,
            subject=one.subject,
            title="restarted",
            text=f"container {name} runs again, restart {restarts}",
            health=Health.WARNING,
            evidence="state.running",
        )


def _writes(one: Relative, created: float) -> Iterator[Happening]:
    """The last write of each manager, unless it made the object or is the control plane's own bookkeeping."""
    for entry in mappings(mapping(one.obj.get("metadata")).get("managedFields")):
        at, manager = epoch(text(entry, "time")), text(entry, "manager")
        own = manager in _SERVERS_OWN or text(entry, "subresource") == "status"
        if own or not at or at <= created + 2:
            continue
        fields = list(_fields(entry.get("fieldsV1")))
        shown = ", ".join(fields[:_MOST_FIELDS])
        more = f" and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
        yield Happening(
            at=at,
            what=What.CHANGE,
            subject=one.subject,
            title="scaled" if _scale(entry, fields) else "changed",
            text=f"{manager} ({text(entry, 'operation')}) last wrote {shown or 'it'}{more}",
            evidence="managedFields",
        )


def _scale(entry: Mapping[str, Any], fields: list[str]) -> bool:
    return text(entry, "subresource") == "scale" or fields == ["spec.replicas"]


def _fields(owned: object, path: str = "") -> Iterator[str]:
    """Paths of a ``fieldsV1``, at most three steps deep; without the bookkeeping in metadata."""
    steps = [key for key in mapping(owned) if isinstance(key, str) and key.startswith("f:")]
    if (not steps or path.count(".") >= 2) and path:
        yield path
        return
    for key in steps:
        inner = f"{path}.{key[2:]}" if path else key[2:]
        yield from _fields(mapping(owned)[key], inner)


def _own(one: Relative) -> Iterator[Happening]:
    """What single kinds remember besides."""
    spec, status = mapping(one.obj.get("spec")), mapping(one.obj.get("status"))

    def told(moment: object, what: What, title: str, words: str, evidence: str) -> Iterator[Happening]:
        at = epoch(moment if isinstance(moment, str) else "")
        if at:
            yield Happening(at=at, what=what, subject=one.subject, title=title, text=words, evidence=evidence)

    match one.subject.kind:
        case "HorizontalPodAutoscaler":
            wanted = f"to {status.get('desiredReplicas')} replicas"
            yield from told(
                status.get("lastScaleTime"), What.CHANGE, "autoscaled", wanted, "status.lastScaleTime"
            )
        case "Job":
            yield from told(status.get("startTime"), What.LIFE, "started", "", "status.startTime")
            yield from told(status.get("completionTime"), What.LIFE, "completed", "", "status.completionTime")
        case "CronJob":
            moment = status.get("lastScheduleTime")
            yield from told(moment, What.LIFE, "scheduled", "a run was due", "status.lastScheduleTime")
        case "Node":
            for taint in mappings(spec.get("taints")):
                which = f"{text(taint, 'key')}:{text(taint, 'effect')}"
                yield from told(taint.get("timeAdded"), What.CHANGE, "tainted", which, "spec.taints")
