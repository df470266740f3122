"""The requests that change something, and what keeps each from changing too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from backend.kube.caller import JSON, Call
from backend.kube.naming import naming
from backend.kube.objects import ApiResource
from backend.kube.wire import Query

FIELD_MANAGER = "navarch"
"""Whose fields ours are, in managedFields (Kubernetes server-side apply)."""
PatchType = Literal["merge", "json", "strategic"]
Propagation = Literal["Background", "Foreground", "Orphan"]
_PATCH_TYPES: dict[PatchType, str] = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


def _write_query(*, dry_run: bool) -> Query:
    """Unknown or repeated fields are an error: a typo must not be half applied."""
    pairs = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
    return (*pairs, ("dryRun", "All")) if dry_run else tuple(pairs)


def create(
    resource: ApiResource,
    obj: Mapping[str, Any],
    *,
    namespace: str | None,
    name: str | None,
    subresource: str,
    dry_run: bool,
    deadline: float,
) -> Call:
    shown = name or str(obj.get("metadata", {}).get("name", ""))
    return Call(
        method="POST",
        path=resource.path(namespace=namespace, name=name, subresource=subresource),
        what=naming("create", resource, namespace, shown, subresource),
        query=_write_query(dry_run=dry_run),
        body=msgspec.json.encode(obj),
        content_type=JSON,
        deadline=deadline,
    )


def apply(
    resource: ApiResource,
    obj: Mapping[str, Any],
    *,
    namespace: str | None,
    name: str,
    subresource: str,
    force: bool,
    dry_run: bool,
    deadline: float,
) -> Call:
    """Server-side apply; JSON is valid YAML, so the body needs no YAML writer."""
    query = (*_write_query(dry_run=dry_run), ("force", "true" if force else "false"))
    return Call(
        method="PATCH",
        path=resource.path(namespace=namespace, name=name, subresource=subresource),
        what=naming("apply", resource, namespace, name, subresource),
        query=query,
        body=msgspec.json.encode(obj),
        content_type="application/apply-patch+yaml",
        deadline=deadline,
    )


def patch(
    resource: ApiResource,
    change: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    namespace: str | None,
    name: str,
    subresource: str,
    type: PatchType,
    dry_run: bool,
    deadline: float,
) -> Call:
    return Call(
        method="PATCH",
        path=resource.path(namespace=namespace, name=name, subresource=subresource),
        what=naming("patch", resource, namespace, name, subresource),
        query=_write_query(dry_run=dry_run),
        body=msgspec.json.encode(change),
        content_type=_PATCH_TYPES[type],
        deadline=deadline,
    )


def delete(
    resource: ApiResource,
    *,
    namespace: str | None,
    name: str,
    uid: str | None,
    resource_version: str | None,
    propagation: Propagation,
    grace_seconds: int | None,
    dry_run: bool,
    deadline: float,
) -> Call:
    """DeleteOptions with preconditions: what was recreated or changed since then survives (R27)."""
    preconditions = {
        key: value for key, value in (("uid", uid), ("resourceVersion", resource_version)) if value
    }
    options: dict[str, Any] = {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": propagation,
    }
    if preconditions:
        options["preconditions"] = preconditions
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    if dry_run:
        options["dryRun"] = ["All"]
    return Call(
        method="DELETE",
        path=resource.path(namespace=namespace, name=name),
        what=naming("delete", resource, namespace, name),
        body=msgspec.json.encode(options),
        content_type=JSON,
        deadline=deadline,
    )
