"""An object's relations, looked up in its cluster: owners, owned, what it uses and what uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
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
from backend.resources.labels import LabelSelector, selector_query
from backend.resources.relations import Bond, Look, Relation, declared, relations_of
from backend.resources.relations import Related as Subject
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
    kind = found.resource.full_name
    gate = asyncio.Semaphore(_AT_ONCE)
    try:
        wanted = [one for one in relations_of(found.obj, kind) if one.bond is not Bond.OWNER]
    except msgspec.ValidationError as error:
        problem = safe_text(f"what it refers to can't be read: {error}")
        yield Answer(role=safe_text("refers to"), problem=problem)
        wanted = []

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

    tasks = [asyncio.create_task(guarded("owner", _owner(found, one))) for one in _owners(found.obj)]
    tasks += [asyncio.create_task(guarded(one.role, _look(found, one))) for one in wanted]
    tasks += [
        asyncio.create_task(guarded(look.role or "used by", _back(found, look)))
        for look in declared(kind).looks
    ]
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
    resource = await _resource(found, relation.kind)
    if relation.selector is not None:
        return await _listed(
            found,
            resource,
            role=relation.role,
            namespace=relation.namespace,
            labels=selector_query(relation.selector),
        )
    return await _named(
        found,
        resource,
        role=relation.role,
        namespace=relation.namespace,
        name=relation.name,
        optional=relation.optional,
    )


async def _resource(found: Found, full_name: str) -> ApiResource:
    kind = registry.builtin(full_name)
    return kind.resource if kind is not None else (await found.cluster.resolve(full_name)).resource


async def _back(found: Found, look: Look) -> Answer:
    """Objects of another kind that say that they have to do with this one."""
    resource = await _resource(found, look.kind)
    namespace = "" if look.everywhere else found.namespace
    if look.selected:
        chosen = _selector(found.obj)
        if not chosen:
            return Answer(role=safe_text(look.role))
        return await _listed(found, resource, role=look.role, namespace=namespace, labels=chosen)
    subjects = _subjects(found)

    def role(other: Mapping[str, Any]) -> str:
        try:
            relations = relations_of(other, look.kind)
        except msgspec.ValidationError:
            return ""
        met = (one for one in relations if any(map(one.meets, subjects)))
        return next((look.role or one.back for one in met), "")

    return await _listed(
        found,
        resource,
        role=look.role,
        namespace=namespace,
        labels=look.labels.format(name=found.name),
        fields=look.fields.format(name=found.name),
        role_of=role,
    )


def _selector(obj: Mapping[str, Any]) -> str:
    """The object's own selector as a query; a replication controller's is a plain mapping."""
    given = (obj.get("spec") or {}).get("selector") or {}
    if "matchLabels" not in given and "matchExpressions" not in given:
        given = {"matchLabels": given}
    try:
        return selector_query(msgspec.convert(given, LabelSelector))
    except msgspec.ValidationError:
        return ""


def _subjects(found: Found) -> list[Subject]:
    """The object, and of what makes pods a pod of it too: services choose those."""
    whole = Subject(
        kind=found.resource.full_name,
        namespace=found.namespace,
        name=found.name,
        uid=found.uid,
        labels=(found.obj.get("metadata") or {}).get("labels") or {},
    )
    template = (found.obj.get("spec") or {}).get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    pod = Subject(kind="pods", namespace=found.namespace, name="", labels=labels)
    return [whole, pod] if labels else [whole]


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


async def _listed(
    found: Found,
    resource: ApiResource,
    *,
    role: str,
    namespace: str,
    labels: str = "",
    fields: str = "",
    role_of: Callable[[Mapping[str, Any]], str] | None = None,
) -> Answer:
    """``role_of``: what one of them is to the object; empty: nothing, and it is left out."""
    bodies = found.cluster.client.pages(resource, namespace=namespace or None, labels=labels, fields=fields)
    kept: list[Related] = []
    scanned, problem = 0, ""
    async with aclosing(bodies):
        async for body in bodies:
            items = _list.decode(body).items or []
            scanned += len(items)
            for obj in items:
                if its := role_of(obj) if role_of is not None else role:
                    kept.append(_one(safe_text(its), resource, obj))
            if scanned >= SCANNED:
                problem = f"only the first {scanned:,} {resource.plural} were looked at"
                break
    shown = kept[0].role if kept else safe_text(role or "used by")
    return Answer(role=shown, found=tuple(kept), problem=safe_text(problem))


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
