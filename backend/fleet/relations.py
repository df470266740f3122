"""An object's relations, looked up in its cluster: owners, owned, what it uses and what uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from backend.fleet.objects import Found, typed
from backend.fleet.owners import resource_of
from backend.kube.errors import KubeError, NotFound
from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.resources.describe.page import verdict_of
from backend.resources.kind import Health
from backend.resources.relations import Relation, relations_of
from backend.text import SafeStr, safe_text

_NOTHING = SafeStr("")
SCANNED = 2000
"""Objects of one list that are looked at; what is beyond is said."""
_AT_ONCE = 4
_DEADLINE = 20.0
"""Seconds for one relation."""
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
"""Of what is only named, nothing but its existence is asked: a secret's values stay where they are."""


class _ObjectList(msgspec.Struct):
    items: list[dict[str, Any]] | None = None


_list = msgspec.json.Decoder(_ObjectList)
_object = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """One object that another has to do with."""

    role: SafeStr
    resource: ApiResource
    namespace: str
    name: str
    uid: str = ""
    health: Health | None = None
    """None: nothing is known about how it fares."""
    why: SafeStr = _NOTHING
    missing: bool = False
    """It is referred to, and not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one relation."""

    role: SafeStr
    found: tuple[Related, ...] = ()
    problem: SafeStr = _NOTHING
    """Why it is not known, or not all of it."""


async def related(found: Found) -> AsyncIterator[Answer]:
    """One answer for each relation of an object that was read, as they come. Never raises KubeError."""
    obj = typed(found.obj, found.resource)
    gate = asyncio.Semaphore(_AT_ONCE)
    wanted = relations_of(obj, found.resource.full_name)

    async def guarded(role: str, look: Any) -> Answer:
        async with gate:
            try:
                async with asyncio.timeout(_DEADLINE):
                    answer: Answer = await look
                    return answer
            except KubeError as error:
                return Answer(role=safe_text(role), problem=safe_text(f"{error.sentence}. {error.advice}"))
            except TimeoutError:
                return Answer(role=safe_text(role), problem=safe_text(f"no answer within {_DEADLINE:.0f} s"))

    tasks = [asyncio.create_task(guarded("owner", _owner(found, one))) for one in _owners(obj)]
    tasks += [asyncio.create_task(guarded(one.role, _look(found, one))) for one in wanted]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for unfinished in tasks:
            unfinished.cancel()


def _owners(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((obj.get("metadata") or {}).get("ownerReferences") or ())


async def _owner(found: Found, reference: Mapping[str, Any]) -> Answer:
    resource = await resource_of(found.cluster, reference)
    namespace = found.namespace if resource.namespaced else ""
    name, uid = str(reference.get("name", "")), str(reference.get("uid", ""))
    return await _named(found, resource, role="owner", namespace=namespace, name=name, uid=uid)


async def _look(found: Found, relation: Relation) -> Answer:
    kind = registry.builtin(relation.kind)
    resource = kind.resource if kind is not None else (await found.cluster.resolve(relation.kind)).resource
    if relation.name:
        return await _named(
            found,
            resource,
            role=relation.role,
            namespace=relation.namespace,
            name=relation.name,
            optional=relation.optional,
        )
    return await _listed(found, resource, relation)


async def _named(
    found: Found,
    resource: ApiResource,
    *,
    role: str,
    namespace: str,
    name: str,
    uid: str = "",
    optional: bool = False,
) -> Answer:
    """Whether what is named is there; another object of that name is not the one that was meant."""
    missing, why = False, ""
    try:
        body = await found.cluster.client.get(resource, name, namespace=namespace or None, accept=_METADATA)
        there = str((_object.decode(body).get("metadata") or {}).get("uid", ""))
        missing = bool(uid) and there != uid
        uid = there
    except NotFound:
        missing = True
    except msgspec.MsgspecError:
        why = "its metadata can't be read"
    if missing:
        why = "missing; it can do without" if optional else "missing"
    one = Related(
        role=safe_text(role),
        resource=resource,
        namespace=namespace,
        name=name,
        uid=uid,
        health=(Health.UNKNOWN if optional else Health.FAILING) if missing else None,
        why=safe_text(why),
        missing=missing,
    )
    return Answer(role=one.role, found=(one,))


async def _listed(found: Found, resource: ApiResource, relation: Relation) -> Answer:
    bodies = found.cluster.client.pages(
        resource, namespace=relation.namespace or None, labels=relation.labels, fields=relation.fields
    )
    kept: list[Related] = []
    scanned, problem = 0, ""
    role = safe_text(relation.role)
    async with aclosing(bodies):
        async for body in bodies:
            items = _list.decode(body).items or []
            scanned += len(items)
            kept += [
                _one(role, resource, obj) for obj in items if relation.keep is None or relation.keep(obj)
            ]
            if scanned >= SCANNED:
                problem = f"only the first {scanned:,} {resource.plural} were looked at"
                break
    return Answer(role=role, found=tuple(kept), problem=safe_text(problem))


def _one(role: SafeStr, resource: ApiResource, obj: dict[str, Any]) -> Related:
    metadata = obj.get("metadata") or {}
    verdict = verdict_of(typed(obj, resource))
    return Related(
        role=role,
        resource=resource,
        namespace=str(metadata.get("namespace", "")),
        name=str(metadata.get("name", "")),
        uid=str(metadata.get("uid", "")),
        health=verdict.health if verdict is not None else None,
        why=safe_text(verdict.why, limit=300) if verdict is not None else _NOTHING,
    )
