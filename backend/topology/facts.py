"""What a graph keeps of an object: the item that its kind's list shows, and what it is related to.

One list is decoded twice, by two parsers that skip what they don't need: the kind's own (health, columns) and
that of its relations. Both together take a tenth of one decoding into dicts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from backend.kube.decoder import UNREADABLE, StructDecoder, raw_event, raw_list
from backend.kube.objects import ApiResource, Decoder, Event, Item, ObjectMeta, Page
from backend.resources import registry
from backend.resources.generic import GenericDecoder
from backend.resources.kind import OK, Kind, Verdict
from backend.resources.relations import Relation, declared
from backend.resources.relations.relation import Bare, Meta, owners_of

_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
_APP_LABELS = (
    "app.kubernetes.io/instance",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/name",
    "k8s-app",
    "app",
)


class Facts(msgspec.Struct, frozen=True, gc=False):
    """One object of a cluster, as little of it as a graph needs."""

    item: Any
    """What ``Kind.assess`` judges."""
    kind: Kind | None
    """None: a kind without an entry, of which only its metadata is known."""
    relations: tuple[Relation, ...]
    app: str = ""
    """The application that it is part of, by Helm's annotation or the usual labels."""
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of what routes traffic: the hosts of each service."""

    @property
    def metadata(self) -> ObjectMeta:
        found: ObjectMeta = self.item.metadata
        return found

    @property
    def verdict(self) -> Verdict:
        return self.kind.assess(self.item) if self.kind is not None else OK


def application_of(meta: Meta) -> str:
    """The name of the application; empty: it says none."""
    if meta.annotations is not None and meta.annotations.release:
        return meta.annotations.release
    labels = meta.labels or {}
    return next((labels[label] for label in _APP_LABELS if labels.get(label)), "")


class FactsDecoder:
    """Decodes lists and watch events of one kind into :class:`Facts`; a ``Decoder``."""

    def __init__(self, full_name: str) -> None:
        kind = registry.entry(full_name)
        says = declared(full_name)
        self._kind = None if says.metadata_only else kind
        self._relations = says.relations
        self._hosts = _hosts_of(full_name)
        self.accept = _METADATA if says.metadata_only else "application/json"
        self._items: Decoder = (
            registry.struct_decoder(kind)
            if kind is not None and kind.wire is not None and not says.metadata_only
            else StructDecoder(Bare)
        )
        wire = says.wire
        name = wire.__name__
        listed = msgspec.defstruct(f"{name}s", [("items", list[wire] | None, None)])  # type: ignore[valid-type]
        self._list: msgspec.json.Decoder[Any] = msgspec.json.Decoder(listed)
        self._wire: msgspec.json.Decoder[Any] = msgspec.json.Decoder(wire)

    def page(self, body: bytes) -> Page:
        """Decode a list; objects of an unexpected shape are left out and counted. Raises Malformed."""
        page = self._items.page(body)
        if page.skipped:
            return self._one_by_one(body, page)
        try:
            wires = self._list.decode(body).items or []
        except UNREADABLE:
            return self._one_by_one(body, page)
        return _with(page, [self._facts(item, wire) for item, wire in zip(page.items, wires, strict=True)])

    def _one_by_one(self, body: bytes, page: Page) -> Page:
        facts: list[Facts] = []
        raws = raw_list(body).items or []
        for raw in raws:
            one = self._items.event(b'{"type":"ADDED","object":' + bytes(raw) + b"}")
            try:
                if one.item is not None:
                    facts.append(self._facts(one.item, self._wire.decode(raw)))
            except UNREADABLE:
                continue
        return _with(page, facts, skipped=len(raws) - len(facts))

    def event(self, line: bytes) -> Event:
        event = self._items.event(line)
        if event.item is None:
            return event
        raw = raw_event(line)
        try:
            assert raw is not None
            facts = self._facts(event.item, self._wire.decode(raw.object))
        except UNREADABLE:
            return Event(event.type, resource_version=event.resource_version, skipped=True)
        return Event(event.type, facts, event.resource_version)

    def _facts(self, item: Item, wire: Any) -> Facts:
        meta: Meta = wire.metadata
        relations = (*owners_of(meta), *self._relations(wire))
        return Facts(item, self._kind, relations, application_of(meta), self._hosts(wire))


class TableFacts:
    """Decodes a custom kind, of which only the server knows how it fares; its relations are its owners."""

    def __init__(self, resource: ApiResource) -> None:
        self._table = GenericDecoder(resource)

    @property
    def accept(self) -> str:
        return self._table.accept

    def page(self, body: bytes) -> Page:
        page = self._table.page(body)
        return _with(page, [self._facts(item) for item in page.items])

    def event(self, line: bytes) -> Event:
        event = self._table.event(line)
        if event.item is None:
            return event
        return Event(event.type, self._facts(event.item), event.resource_version)

    def _facts(self, item: Item) -> Facts:
        found = item.metadata
        meta = Meta(name=found.name, namespace=found.namespace, uid=found.uid, labels=found.labels)
        return Facts(item, self._table.kind, (), application_of(meta))


def _with(page: Page, items: Iterable[Item], *, skipped: int | None = None) -> Page:
    return Page(
        items=list(items),
        resource_version=page.resource_version,
        continue_token=page.continue_token,
        remaining=page.remaining,
        skipped=page.skipped if skipped is None else skipped,
    )


def _hosts_of(full_name: str) -> Any:
    """How the hosts of a kind that routes are found."""
    if full_name == "ingresses.networking.k8s.io":
        from backend.resources.relations.ingress import routes

        return lambda wire: tuple((service, tuple(hosts)) for service, hosts in routes(wire).items())
    if full_name.endswith("routes.gateway.networking.k8s.io"):
        from backend.resources.relations.gateway import hosts

        return lambda wire: tuple((service, tuple(names)) for service, names in hosts(wire).items())
    return lambda wire: ()
