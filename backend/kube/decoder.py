"""Typed decoding of lists and watch events: bytes straight into small structs.

The fields a struct does not name are skipped by the parser, managedFields and last-applied included. Measured
on 10k pods: 20 to 70 times quicker than dicts, a tenth of the memory (docs/architecture.md).
"""

from __future__ import annotations

from typing import Any

import msgspec

from backend.kube.apistatus import ApiStatus
from backend.kube.errors import Malformed
from backend.kube.objects import Change, Event, Item, ListMeta, Page

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes of the wrong shape, for broken text and for bottomless nesting."""

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one watch event; etcd's own limit for an object is 1.5 MiB (R20)."""


class RawList(msgspec.Struct):
    """A list whose items are still bytes: the way round an object that spoils the typed list."""

    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    """null is an empty list, as Go writes it; a document without the field is no list."""


class RawEvent(msgspec.Struct):
    """metav1.WatchEvent with its object still bytes."""

    type: str
    object: msgspec.Raw


class _Versioned(msgspec.Struct):
    metadata: ListMeta = ListMeta()


_raw_list = msgspec.json.Decoder(RawList)
_raw_event = msgspec.json.Decoder(RawEvent)
_versioned = msgspec.json.Decoder(_Versioned)
_status = msgspec.json.Decoder(ApiStatus)
_CHANGES: dict[str, Change] = {"ADDED": "ADDED", "MODIFIED": "MODIFIED", "DELETED": "DELETED"}


class StructDecoder:
    """Decodes lists and watch events of one kind into ``struct``, which has a ``metadata: ObjectMeta``."""

    accept = "application/json"

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        if "metadata" not in struct.__struct_fields__:
            raise TypeError(f"{struct.__name__} has no metadata: it is no item")
        name = struct.__name__
        typed_list = msgspec.defstruct(
            f"{name}List",
            [("items", list[struct] | None), ("metadata", ListMeta, ListMeta())],  # type: ignore[valid-type]
        )
        typed_event = msgspec.defstruct(f"{name}Event", [("type", str), ("object", struct)])
        self._list: msgspec.json.Decoder[Any] = msgspec.json.Decoder(typed_list)
        self._event: msgspec.json.Decoder[Any] = msgspec.json.Decoder(typed_event)
        self._item: msgspec.json.Decoder[Any] = msgspec.json.Decoder(struct)

    def page(self, body: bytes) -> Page:
        """Decode a list; objects of an unexpected shape are left out and counted. Raises Malformed."""
        try:
            found = self._list.decode(body)
        except UNREADABLE:
            return self._one_by_one(body)
        return page_of(found.metadata, found.items or [])

    def _one_by_one(self, body: bytes) -> Page:
        found = raw_list(body)
        items: list[Item] = []
        raws = found.items or []
        for raw in raws:
            try:
                items.append(self._item.decode(raw))
            except UNREADABLE:
                continue
        return page_of(found.metadata, items, skipped=len(raws) - len(items))

    def event(self, line: bytes) -> Event:
        """Decode one watch event; a shape never seen comes back as ``skipped``, not as an exception."""
        try:
            found = self._event.decode(line)
        except UNREADABLE:
            return odd_event(line)
        change = _CHANGES.get(found.type)
        if change is None:
            return odd_event(line)
        return Event(change, found.object, found.object.metadata.resource_version)


def raw_list(body: bytes) -> RawList:
    """The list with its items as bytes. Raises Malformed if it is no list."""
    try:
        found = _raw_list.decode(body)
    except UNREADABLE as error:
        raise Malformed(f"the body is no Kubernetes list: {error}") from None
    if found.items is msgspec.UNSET:
        raise Malformed("the body is no Kubernetes list: it has no items")
    return found


def raw_event(line: bytes) -> RawEvent | None:
    try:
        return _raw_event.decode(line)
    except UNREADABLE:
        return None


def page_of(meta: ListMeta, items: list[Item], *, skipped: int = 0) -> Page:
    return Page(
        items=items,
        resource_version=meta.resource_version,
        continue_token=meta.continue_,
        remaining=meta.remaining_item_count,
        skipped=skipped,
    )


def odd_event(line: bytes) -> Event:
    """An event that is no readable change: a BOOKMARK, an ERROR, or something to be counted and skipped."""
    raw = raw_event(line)
    if raw is None:
        return Event("MODIFIED", skipped=True)
    if raw.type == "ERROR":
        return Event("ERROR", status=_read_status(raw.object))
    if raw.type == "BOOKMARK":
        return Event("BOOKMARK", resource_version=version_in(raw.object))
    return Event(_CHANGES.get(raw.type, "MODIFIED"), resource_version=version_in(raw.object), skipped=True)


def version_in(body: bytes | msgspec.Raw) -> str:
    """The resource version of an object or list, or "" if even that can't be read."""
    try:
        return _versioned.decode(body).metadata.resource_version
    except UNREADABLE:
        return ""


def _read_status(body: msgspec.Raw) -> ApiStatus:
    try:
        return _status.decode(body)
    except UNREADABLE:
        return ApiStatus(code=500, message="the server sent an error that can't be read")
