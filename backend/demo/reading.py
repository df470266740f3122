"""Gets, lists in pages, and watches: k8s.io/apiserver's ListOptions semantics."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from backend.demo import metrics
from backend.demo.ages import go_duration
from backend.demo.calls import Call, Representation, truthy
from backend.demo.selectors import Match, both, field_match, label_match
from backend.demo.status import ApiError, bad_request, invalid, not_found, too_large_version
from backend.demo.store import Collection, Event, Stored, select
from backend.demo.tables import cells, partial, table, whole

if TYPE_CHECKING:
    from backend.demo.cluster import Cluster

FUTURE_WAIT = 3.0
"""Seconds that a request for a future resourceVersion waits before its 504."""
BOOKMARK_EVERY = 60.0
INITIAL_END = "k8s.io/initial-events-end"
_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)


@dataclass(frozen=True, slots=True)
class View:
    """One list or watch: which objects, in which shape."""

    cluster: Cluster
    call: Call
    shape: Representation
    matches: Match | None

    @property
    def collection(self) -> Collection:
        return self.cluster.store.collection(self.call.target.resource.key)

    @property
    def include(self) -> str:
        return self.call.query.get("includeObject") or "Metadata"

    def selects(self, stored: Stored) -> bool:
        namespace = self.call.target.namespace
        return (not namespace or stored.namespace == namespace) and (
            self.matches is None or self.matches(stored)
        )

    def printer_columns(self) -> list[dict[str, Any]] | None:
        return self.cluster.printer_columns(self.call.target.resource)


def view(cluster: Cluster, call: Call, shape: Representation) -> View:
    """Compile the selectors; raises ApiError 400 for one that can't be understood."""
    matches = both(
        label_match(call.query.get("labelSelector", "")),
        field_match(call.query.get("fieldSelector", ""), call.target.resource.key),
    )
    if call.target.name:
        name = call.target.name
        matches = both(lambda stored: stored.name == name, matches)
    return View(cluster, call, shape, matches)


def get(cluster: Cluster, call: Call, shape: Representation) -> bytes:
    """One object in the wanted shape; raises ApiError 404."""
    target = call.target
    if target.resource.group == metrics.GROUP:
        stored = metrics.measured_one(cluster, target.resource.plural, target.namespace, target.name)
    elif (found := cluster.store.get(target.resource.key, target.namespace, target.name)) is not None:
        stored = found
    else:
        raise not_found(target.resource.group, target.resource.plural, target.name)
    if shape.as_ == "Table":
        return table(
            target.resource,
            [stored],
            include=call.query.get("includeObject") or "Metadata",
            version=shape.version,
            metadata={"resourceVersion": str(stored.rv)},
            custom=cluster.printer_columns(target.resource),
        )
    if shape.as_ == "PartialObjectMetadata":
        return partial(stored.object()["metadata"], shape.version)
    return whole(target.resource, stored)


async def list_page(asked: View) -> bytes:
    """One page (or all) of a list; of measurements always all, as of no version."""
    target = asked.call.target
    if target.resource.group == metrics.GROUP:
        found = metrics.measured(asked.cluster, target.resource.plural)
        kept = list(select(found, namespace=target.namespace, matches=asked.matches))
        return _encode_list(asked, kept, {})
    query, store = asked.call.query, asked.cluster.store
    limit = _number(query.get("limit"), "limit")
    token = query.get("continue", "")
    after = ""
    if token:
        rv, after = _decode_token(token)
        if query.get("resourceVersion", "") not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        try:
            snapshot = asked.collection.at(rv) if rv > 0 else asked.collection.ordered()
        except ApiError as gone:
            raise ApiError(
                410, "Expired", _INCONSISTENT, metadata={"continue": _encode_token(-1, after)}
            ) from gone
        rv = rv if rv > 0 else store.rv
    else:
        rv, snapshot = await _snapshot(asked, limit)
    kept = list(select(snapshot, namespace=asked.call.target.namespace, matches=asked.matches))
    if after:
        kept = [stored for stored in kept if stored.path > after]
    metadata: dict[str, Any] = {"resourceVersion": str(rv)}
    if limit and len(kept) > limit:
        metadata["continue"] = _encode_token(rv, kept[limit - 1].path)
        if not (query.get("labelSelector") or query.get("fieldSelector")):
            metadata["remainingItemCount"] = len(kept) - limit
        kept = kept[:limit]
    return _encode_list(asked, kept, metadata)


async def _snapshot(asked: View, limit: int) -> tuple[int, list[Stored]]:
    """The revision and objects that resourceVersion and resourceVersionMatch ask for."""
    query, store = asked.call.query, asked.cluster.store
    text, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    _check_match(text, match, watch=False)
    wanted = _number(text, "resourceVersion")
    if wanted > store.rv:
        await _wait_for(asked.cluster, wanted)
    if wanted and (match == "Exact" or (not match and limit)):
        return wanted, asked.collection.at(wanted)
    return store.rv, asked.collection.ordered()


def _check_match(text: str, match: str, *, watch: bool) -> None:
    if not match:
        return
    field = "resourceVersionMatch"
    if watch:
        raise invalid(
            "meta.k8s.io",
            "ListOptions",
            "",
            [
                (
                    "FieldValueForbidden",
                    f"Forbidden: {field} is forbidden for watch unless sendInitialEvents is provided",
                    field,
                )
            ],
        )
    if not text:
        message = f"Forbidden: {field} is forbidden unless resourceVersion is provided"
        raise invalid("meta.k8s.io", "ListOptions", "", [("FieldValueForbidden", message, field)])
    if match not in ("Exact", "NotOlderThan"):
        message = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
        raise invalid("meta.k8s.io", "ListOptions", "", [("FieldValueNotSupported", message, field)])
    if match == "Exact" and text == "0":
        message = f'Forbidden: {field} "exact" is forbidden for resourceVersion "0"'
        raise invalid("meta.k8s.io", "ListOptions", "", [("FieldValueForbidden", message, field)])


async def _wait_for(cluster: Cluster, rv: int) -> None:
    deadline = time.monotonic() + FUTURE_WAIT
    while cluster.store.rv < rv:
        if time.monotonic() >= deadline:
            raise too_large_version(rv, cluster.store.rv)
        await asyncio.sleep(0.05)


def _number(text: str | None, field: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        if field == "resourceVersion":
            problem = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
            raise bad_request(f"invalid resource version: resourceVersion: {problem}")
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _encode_token(rv: int, after: str) -> str:
    token = {"v": "meta.k8s.io/v1", "rv": rv, "start": after + "\x00"}
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def _decode_token(token: str) -> tuple[int, str]:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        content = msgspec.json.decode(raw, type=dict[str, str | int])
        return int(content["rv"]), str(content["start"]).removesuffix("\x00")
    except (binascii.Error, msgspec.DecodeError, KeyError, ValueError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from None


def _encode_list(asked: View, kept: list[Stored], metadata: dict[str, Any]) -> bytes:
    resource, shape = asked.call.target.resource, asked.shape
    if shape.as_ == "Table":
        return table(
            resource,
            kept,
            include=asked.include,
            version=shape.version,
            metadata=metadata,
            custom=asked.printer_columns(),
        )
    if shape.as_ == "PartialObjectMetadataList":
        head = {"kind": shape.as_, "apiVersion": f"meta.k8s.io/{shape.version}", "metadata": metadata}
        items = [partial(stored.object()["metadata"], shape.version) for stored in kept]
    else:
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
        items = [whole(resource, s) for s in kept] if resource.custom else [s.body for s in kept]
    return msgspec.json.encode(head)[:-1] + b',"items":[' + b",".join(items) + b"]}"


class Watch:
    """One watch: turns the collection's events into the lines one client is to see."""

    def __init__(self, asked: View) -> None:
        query = asked.call.query
        self._asked = asked
        self._bookmarks = truthy(query.get("allowWatchBookmarks"))
        self._initial = truthy(query.get("sendInitialEvents"))
        text = query.get("resourceVersion", "")
        if not self._initial:
            _check_match("", query.get("resourceVersionMatch", ""), watch=True)
        self._since = _number(text, "resourceVersion")
        try:
            seconds = go_duration(query["timeoutSeconds"]) if query.get("timeoutSeconds") else 0.0
        except ValueError as error:
            raise bad_request(str(error)) from None
        self.timeout = seconds or random.uniform(1800, 3600)  # noqa: S311 - MinRequestTimeout's jitter
        self._described = False

    async def lines(self) -> AsyncIterator[bytes]:
        """Batches of watch events, until the timeout; ends after an ERROR event."""
        collection, store = self._asked.collection, self._asked.cluster.store
        deadline = time.monotonic() + self.timeout
        waiter = collection.signal()
        try:
            if self._since > store.rv:
                await _wait_for(self._asked.cluster, self._since)
            cursor = self._since
            if cursor == 0 or self._initial:
                cursor = store.rv
                yield self._start()
            next_bookmark = time.monotonic() + BOOKMARK_EVERY * random.uniform(0.75, 1.0)  # noqa: S311
            final_bookmark = deadline - min(2.0, self.timeout / 4)
            while True:
                waiter.clear()
                events = collection.since(cursor)
                if events:
                    cursor = events[-1].rv
                    if batch := b"".join(filter(None, map(self._line, events))):
                        yield batch
                now = time.monotonic()
                if now >= deadline:
                    return
                if now >= min(next_bookmark, final_bookmark):
                    cursor = store.rv
                    if self._bookmarks:
                        yield self._bookmark(cursor)
                    next_bookmark = now + BOOKMARK_EVERY
                    if now >= final_bookmark:
                        final_bookmark = float("inf")
                wake = min(next_bookmark, final_bookmark, deadline)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wake - time.monotonic()):
                        await waiter.wait()
        except ApiError as error:
            yield _event("ERROR", msgspec.json.encode(error.body()))
        finally:
            collection.release(waiter)

    def _start(self) -> bytes:
        kept = [stored for stored in self._asked.collection.ordered() if self._asked.selects(stored)]
        lines = [_event("ADDED", self._shape(stored)) for stored in kept]
        if self._initial and self._bookmarks:
            lines.append(self._bookmark(self._asked.cluster.store.rv, {INITIAL_END: "true"}))
        return b"".join(lines)

    def _line(self, event: Event) -> bytes:
        """The event as this selection sees it: an object that leaves the view is DELETED for it."""
        now = event.type != "DELETED" and self._asked.selects(event.stored)
        before = event.previous is not None and self._asked.selects(event.previous)
        if now:
            return _event("MODIFIED" if before else "ADDED", self._shape(event.stored))
        if not before:
            return b""
        gone = event.stored
        if event.type != "DELETED" and event.previous is not None:
            last = event.previous.object()
            gone = Stored(last, event.rv)
        return _event("DELETED", self._shape(gone))

    def _shape(self, stored: Stored) -> bytes:
        resource, shape = self._asked.call.target.resource, self._asked.shape
        if shape.as_ == "Table":
            first, self._described = not self._described, True
            return table(
                resource,
                [stored],
                include=self._asked.include,
                version=shape.version,
                metadata={"resourceVersion": str(stored.rv)},
                custom=self._asked.printer_columns(),
                with_columns=first,
            )
        if shape.as_.startswith("PartialObjectMetadata"):
            return partial(stored.object()["metadata"], shape.version)
        return whole(resource, stored)

    def _bookmark(self, rv: int, annotations: dict[str, str] | None = None) -> bytes:
        resource, shape = self._asked.call.target.resource, self._asked.shape
        metadata: dict[str, Any] = {"resourceVersion": str(rv)}
        if annotations:
            metadata["annotations"] = annotations
        head: dict[str, Any] = {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": metadata,
        }
        if shape.as_ == "Table":
            shown: dict[str, Any] | None = head
            if self._asked.include == "None":
                shown = None
            elif self._asked.include == "Metadata":
                shown = head | {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{shape.version}"}
            empty = {"metadata": {"name": ""}}
            row = {"cells": cells(resource, empty, self._asked.printer_columns()), "object": shown}
            head = {
                "kind": "Table",
                "apiVersion": f"meta.k8s.io/{shape.version}",
                "metadata": {"resourceVersion": str(rv)},
                "columnDefinitions": None,
                "rows": [row],
            }
        elif shape.as_.startswith("PartialObjectMetadata"):
            head |= {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{shape.version}"}
        return _event("BOOKMARK", msgspec.json.encode(head))


def _event(kind: str, obj: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + obj + b"}\n"
