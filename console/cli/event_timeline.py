"""``navarch events --timeline``: one object's events beside the changes of all it has to do with."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.fleet.listing import list_once
from backend.fleet.query import Query
from backend.kube.errors import KubeError
from backend.kube.objects import ApiResource
from backend.observe.events.document import moment
from backend.observe.events.history import EventHistory
from backend.observe.events.seen import Seen, seen
from backend.observe.timeline.happening import Happening
from backend.observe.timeline.suspicion import UNREAD, Suspicion, words
from backend.observe.timeline.timeline import Past, Timeline
from backend.resources.duration import human_duration
from backend.resources.kinds.event import Event
from backend.text import safe_text
from console.cli.event_listing import opened
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.output import Format, object_writer
from console.cli.pick import NothingFound, pick_one
from console.cli.tables import print_table

_WIDEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    query: Query
    since: float
    form: Format
    timeout: float
    kubeconfig: Path | None


async def timeline(request: Request) -> int:
    """Print it, the latest last; the exit code."""
    async with opened(request.kubeconfig) as (fleet, history):
        cluster, resource, name, namespace = await _meant(fleet, request)
        past = Past(cluster, resource, name, namespace=namespace)
        try:
            await past.read()
        except KubeError as error:
            say(f"{cluster.name}: {error.sentence}. {UNREAD}", error.advice)
        events, failed = await _events(cluster, past, history, timeout=request.timeout)
        found = past.timeline(events, now=time.time(), since=request.since)
        for problem in found.problems:
            say(f"{cluster.name}: {problem}")
        if request.form in (Format.JSON, Format.YAML):
            writer = object_writer(request.form, single=True)
            writer.write(document(found, cluster=str(cluster.name)))
            writer.close()
        else:
            _print(found, wide=request.form is Format.WIDE)
        if failed or past.unread:
            return Exit.FAILED
        return Exit.OK if found.happenings else Exit.NOTHING


async def _meant(fleet: Fleet, request: Request) -> tuple[Cluster, ApiResource, str, str]:
    """The one object; or one that is gone, if cluster and namespace are named exactly."""
    query = request.query
    try:
        found, _ = await pick_one(fleet, query, timeout=request.timeout)
        return found.cluster, found.resource, found.name, found.namespace
    except NothingFound as nothing:
        clusters = fleet.select(query.clusters)
        if len(clusters) != 1 or len(query.namespaces) > 1 or set(query.names[0]) & set("*?["):
            raise
        resource = (await clusters[0].resolve(query.kind)).resource
        if resource.namespaced and not query.namespaces:
            raise
        if nothing.exit_code == Exit.NOTHING:
            say(f"{clusters[0].name}: there is no {query.kind} {safe_text(query.names[0])} (any more)")
        return clusters[0], resource, query.names[0], query.namespaces[0] if resource.namespaced else ""


async def _events(
    cluster: Cluster, past: Past, history: EventHistory, *, timeout: float
) -> tuple[Sequence[Seen], bool]:
    """(all that are known of the cluster, whether its list failed)."""
    failed = False
    pieces = list_once([cluster], past.selection().query(), timeout=timeout)
    async with aclosing(pieces) as found:
        async for piece in found:
            events = [seen(row.item, skew=row.skew) for row in piece.rows if isinstance(row.item, Event)]
            history.take(cluster.id, events)
            if piece.limited:
                say(f"{cluster.name}: {piece.limited}")
            if isinstance(piece.error, KubeError):
                failed = True
                say(f"{cluster.name}: {piece.error.sentence}", piece.error.advice)
    await history.load(cluster)
    return history.known(cluster.id), failed


def _print(found: Timeline, *, wide: bool) -> None:
    if not found.unread or found.finding.onset is not None:
        for _, sentence in words(found.finding, looked=not found.unread):
            sys.stdout.write(f"{safe_text(sentence, limit=600)}\n")
    if found.happenings:
        sys.stdout.write("\n")
        print_table(("TIME", "AGO", "OBJECT", "WHAT", "REASON", "TEXT"), _lines(found, wide=wide))


def _lines(found: Timeline, *, wide: bool) -> Iterator[Sequence[object]]:
    now = time.time()
    for one in reversed(found.happenings):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at))
        times = f"×{one.count:,} " if one.count > 1 else ""
        text = safe_text(f"{times}{one.text}", limit=4096 if wide else _WIDEST)
        ago = human_duration(max(0.0, now - one.at))
        yield when, ago, f"{one.subject.kind.lower()}/{one.subject.name}", one.what.value, one.title, text


def document(found: Timeline, *, cluster: str) -> dict[str, Any]:
    """``kind: Timeline``; the shape is stable (docs/events.md)."""
    finding = found.finding
    kept = {
        "apiVersion": "navarch.dev/v1",
        "kind": "Timeline",
        "cluster": cluster,
        "gone": found.gone,
        "onset": _described(finding.onset) if finding.onset is not None else None,
        "over": finding.over,
        "suspicions": [_suspicion(one) for one in finding.suspicions],
        "happenings": [_described(one) for one in reversed(found.happenings)],
        "problems": [str(problem) for problem in found.problems],
    }
    return {key: value for key, value in kept.items() if value is not None}


def _suspicion(one: Suspicion) -> dict[str, Any]:
    return {
        "weight": one.weight.name.lower(),
        "change": _described(one.change),
        "evidence": list(one.evidence),
    }


def _described(one: Happening) -> dict[str, Any]:
    told = {
        "time": moment(one.at),
        "begun": moment(one.begun),
        "what": one.what.value,
        "role": one.subject.role,
        "object": {"kind": one.subject.kind, "namespace": one.subject.namespace, "name": one.subject.name},
        "title": one.title,
        "text": one.text,
        "health": one.health.value,
        "count": one.count,
        "evidence": one.evidence,
    }
    return {key: value for key, value in told.items() if value != ""}
