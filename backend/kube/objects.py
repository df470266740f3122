"""The few fields every Kubernetes object has, and what the server can serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

import msgspec


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
    owner_references: list[OwnerReference] | None = None


class Item(Protocol):
    """Anything a list or watch yields: a typed projection of a kind, or a row of the server's Table."""

    @property
    def metadata(self) -> ObjectMeta: ...


ItemKey = tuple[str, str]
"""(namespace, name): what identifies an object of one kind in one cluster at one time."""


def key_of(item: Item) -> ItemKey:
    return (item.metadata.namespace, item.metadata.name)


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
