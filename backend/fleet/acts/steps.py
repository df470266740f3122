"""The requests that acts send, each bound to the very object the plan was drawn up for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.fleet.objects import Found
from backend.kube.objects import ApiResource
from backend.kube.writes import Propagation


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A JSON merge patch (RFC 7386); uid and resourceVersion inside it are preconditions (R27)."""

    change: Mapping[str, Any]
    subresource: str = ""

    async def send(self, found: Found, *, resource_version: str, dry_run: bool) -> bytes:
        metadata = {
            **(self.change.get("metadata") or {}),
            "resourceVersion": resource_version,
            "uid": found.uid,
        }
        return await found.cluster.client.patch(
            found.resource,
            {**self.change, "metadata": metadata},
            name=found.name,
            namespace=found.namespace or None,
            subresource=self.subresource,
            dry_run=dry_run,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new object beside the one that was chosen."""

    resource: ApiResource
    obj: Mapping[str, Any]

    async def send(self, found: Found, *, resource_version: str, dry_run: bool) -> bytes:
        return await found.cluster.client.create(
            self.resource, self.obj, namespace=found.namespace or None, dry_run=dry_run
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """The object's end; ``propagation`` says what becomes of what it owns."""

    propagation: Propagation

    async def send(self, found: Found, *, resource_version: str, dry_run: bool) -> bytes:
        return await found.cluster.client.delete(
            found.resource,
            found.name,
            namespace=found.namespace or None,
            uid=found.uid or None,
            resource_version=resource_version or None,
            propagation=self.propagation,
            dry_run=dry_run,
        )
