"""Whole objects: found by name over many clusters, read when opened, with their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from backend.fleet.cluster import Cluster
from backend.fleet.listing import list_once
from backend.fleet.query import Query
from backend.kube.errors import BadResponse, KubeError
from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.resources.kinds import event as events_kind
from backend.resources.kinds.event import Event
from backend.resources.masking import is_release
from backend.text import SafeStr, safe_text

_EVENTS_SHOWN = 200


class _ObjectList(msgspec.Struct):
    items: list[dict[str, Any]] | None = None


_list = msgspec.json.Decoder(_ObjectList)
_object = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One object and where it is."""

    cluster: Cluster
    resource: ApiResource
    obj: dict[str, Any]

    @property
    def name(self) -> str:
        return str((self.obj.get("metadata") or {}).get("name", ""))

    @property
    def namespace(self) -> str:
        return str((self.obj.get("metadata") or {}).get("namespace", ""))

    @property
    def uid(self) -> str:
        return str((self.obj.get("metadata") or {}).get("uid", ""))

    @property
    def resource_version(self) -> str:
        return str((self.obj.get("metadata") or {}).get("resourceVersion", ""))

    @property
    def place(self) -> SafeStr:
        """``prod-eu pay pod/api-1``: names it without doubt."""
        kind = self.resource.singular or self.resource.kind.lower()
        return safe_text(f"{self.cluster.name} {self.namespace or '-'} {kind}/{self.name}")


def typed(obj: Mapping[str, Any], resource: ApiResource) -> dict[str, Any]:
    """Items of a list name neither their version nor their kind; alone, an object does."""
    return {"apiVersion": resource.api_version, "kind": resource.kind, **obj}


async def find(
    clusters: Sequence[Cluster], query: Query, *, timeout: float = 30.0
) -> tuple[list[Found], list[KubeError]]:
    """Every object the query's names mean, in the order of clusters, and the errors of those that failed."""
    found: dict[str, list[Found]] = {cluster.id: [] for cluster in clusters}
    errors: list[KubeError] = []
    async with aclosing(list_once(clusters, query, objects=True, timeout=timeout)) as pieces:
        async for piece in pieces:
            if piece.restarted:
                given = found[piece.cluster.id]
                given[:] = [one for one in given if not piece.voids(one.resource, one.namespace)]
            if piece.error is not None:
                errors.append(piece.error)
            if not piece.body or piece.target is None:
                continue
            resource = piece.target.resource
            found[piece.cluster.id] += [
                Found(cluster=piece.cluster, resource=resource, obj=typed(obj, resource))
                for obj in _list.decode(piece.body).items or ()
                if piece.wanted(str((obj.get("metadata") or {}).get("name", "")))
            ]
    return [one for ones in found.values() for one in ones], errors


async def read(
    cluster: Cluster, resource: ApiResource, name: str, *, namespace: str | None = None
) -> dict[str, Any]:
    """One whole object as it is now. Raises KubeError (NotFound when it is gone)."""
    kind = registry.for_resource(resource)
    if kind is not None and kind.composed:
        from backend.integrations.helm.store import whole

        return await whole(cluster.client, name, namespace=namespace or "")
    body = await cluster.client.get(resource, name, namespace=namespace)
    try:
        return _object.decode(body)
    except msgspec.MsgspecError as error:
        raise BadResponse(
            cluster.name, f"{resource.kind} {name} can't be read", detail=safe_text(error)
        ) from None


async def events_of(cluster: Cluster, obj: Mapping[str, Any]) -> list[Event]:
    """What the cluster recorded about an object lately (an hour, usually). Raises KubeError."""
    if is_release(obj):
        return []  # nothing records events about Helm's own releases
    metadata = obj.get("metadata") or {}
    fields = f"involvedObject.kind={obj.get('kind', '')},involvedObject.name={metadata.get('name', '')}"
    kind = events_kind.KIND
    decoder = registry.struct_decoder(kind)
    found: list[Event] = []
    bodies = cluster.client.pages(kind.resource, namespace=metadata.get("namespace") or None, fields=fields)
    async with aclosing(bodies):
        async for body in bodies:
            found += [item for item in decoder.page(body).items if isinstance(item, Event)]
            if len(found) >= _EVENTS_SHOWN:
                break
    return found
