"""The few fields every Kubernetes object has, and what the server can serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote

import msgspec

from backend.kube.apistatus import ApiStatus


class OwnerReference(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class ObjectMeta(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The part of metav1.ObjectMeta that lists need; timestamps stay RFC 3339 text until shown."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = ""
    deletion_timestamp: str | None = None
    generation: int | None = None
    labels: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    """A tuple: the garbage collector visits every list there is, and forgets tuples of such small structs."""


class Item(Protocol):
    """Anything a list or watch yields: a typed projection of a kind, or a row of the server's Table."""

    @property
    def metadata(self) -> ObjectMeta: ...


ItemKey = tuple[str, str]
"""(namespace, name): what identifies an object of one kind in one cluster at one time."""


def key_of(item: Item) -> ItemKey:
    return (item.metadata.namespace, item.metadata.name)


class ListMeta(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """metav1.ListMeta: where a list stands in the server's history, and where its next page starts."""

    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")
    remaining_item_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, decoded.

    ``skipped`` counts the objects whose shape could not be understood; they are missing from ``items``.
    ``remaining`` is the server's estimate of what follows this page (None: it did not say).
    """

    items: Sequence[Item]
    resource_version: str = ""
    continue_token: str = ""
    remaining: int | None = None
    skipped: int = 0


Change = Literal["ADDED", "MODIFIED", "DELETED"]
EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]


@dataclass(frozen=True, slots=True)
class Event:
    """One watch event, decoded.

    ``item`` is None for a BOOKMARK, an ERROR and for an object that could not be understood (then
    ``skipped`` is true, and ``resource_version`` is set if at least that could be read).
    """

    type: EventType
    item: Item | None = None
    resource_version: str = ""
    status: ApiStatus | None = None
    """Of an ERROR event."""
    skipped: bool = False


class Decoder(Protocol):
    """Turns a kind's bytes into items; never raises for one odd object.

    ``page`` raises :class:`~backend.kube.errors.Malformed` only when the body is no list at all.
    """

    @property
    def accept(self) -> str:
        """The Accept header to ask with."""
        ...

    def page(self, body: bytes) -> Page: ...

    def event(self, line: bytes) -> Event: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResource:
    """One kind as a server serves it (an entry of its discovery document)."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """``deployments.apps``, ``pods``: unambiguous within a server."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, *, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """The URL path of the collection or object; names are percent-encoded."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name is not None:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)
