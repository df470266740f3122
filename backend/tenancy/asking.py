"""Questions about rights to one cluster after another, all at the same time: may I, may they, who can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from backend.fleet.cluster import Cluster
from backend.kube.authorization import Request, may_i
from backend.kube.errors import DeadlineExceeded, Forbidden, KubeError
from backend.tenancy.policy import Decision, Grant, Policy, masters_grant
from backend.tenancy.question import Meaning, Question, meaning
from backend.tenancy.reading import read_policy
from backend.tenancy.reviews import may_they
from backend.tenancy.subjects import Identity, Subject, identity_of
from backend.text import SafeStr, safe_text

RBAC_ONLY = SafeStr("from RBAC objects only: other authorizers (webhook, node) may allow more")
Found = TypeVar("Found")


class Source(StrEnum):
    REVIEW = "review"
    """The API server's own judgement, by all of its authorizers."""
    RBAC = "rbac"
    """Worked out from the RBAC objects that could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether somebody may, in one place of one cluster."""

    cluster: Cluster
    request: Request
    """With the namespace that was asked; empty: everywhere."""
    namespaced: bool
    allowed: bool
    source: Source
    reason: SafeStr
    notes: tuple[SafeStr, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who may, in one cluster; ``notes`` say what this does not cover."""

    cluster: Cluster
    request: Request
    grants: tuple[Grant, ...]
    notes: tuple[SafeStr, ...]
    complete: bool
    """All RBAC objects could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one subject may do in one cluster."""

    cluster: Cluster
    identity: Identity
    grants: tuple[Grant, ...]
    notes: tuple[SafeStr, ...]
    complete: bool
    """All RBAC objects could be read."""


async def each(
    clusters: Sequence[Cluster], ask: Callable[[Cluster], Awaitable[Found]], *, timeout: float = 30.0
) -> AsyncGenerator[tuple[Cluster, Found | KubeError], None]:
    """Every cluster's answer or error, in the order they come. ``timeout``: seconds for one cluster."""

    async def one(cluster: Cluster) -> tuple[Cluster, Found | KubeError]:
        try:
            await cluster.ready()
            async with asyncio.timeout(timeout):
                return cluster, await ask(cluster)
        except KubeError as error:
            return cluster, error
        except TimeoutError:
            return cluster, DeadlineExceeded(cluster.name, f"no answer about rights within {timeout:g} s")

    tasks = [asyncio.create_task(one(cluster)) for cluster in clusters]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def can(
    cluster: Cluster, question: Question, *, namespaces: Sequence[str] = (), who: Identity | None = None
) -> list[Answer]:
    """Whether ``who`` (None: we) may. Raises KubeError.

    Without namespaces: everywhere at once; where that is not allowed, in each namespace that is known.
    """
    meant = await meaning(cluster, question)
    judge = _Judge(cluster, meant, who)
    if not meant.namespaced:
        return [await judge.answer("")]
    if namespaces:
        return list(await asyncio.gather(*(judge.answer(namespace) for namespace in namespaces)))
    everywhere = await judge.answer("")
    if everywhere.allowed:
        return [everywhere]
    known = cluster.known_namespaces
    return [everywhere, *await asyncio.gather(*(judge.answer(namespace) for namespace in known))]


class _Judge:
    """Asks the server; about others, where that is not ours to ask, the RBAC objects."""

    def __init__(self, cluster: Cluster, meant: Meaning, who: Identity | None) -> None:
        self._cluster = cluster
        self._meant = meant
        self._who = who
        self._policy: asyncio.Task[Policy] | None = None

    async def answer(self, namespace: str) -> Answer:
        request = self._meant.within(namespace)
        notes = (self._meant.note,) if self._meant.note else ()
        client = self._cluster.client
        try:
            judged = (
                await may_i(client, request)
                if self._who is None
                else await may_they(client, self._who, request)
            )
        except Forbidden:
            if self._who is None:
                raise
            return await self._by_rbac(request, self._who, notes)
        if judged.error:
            notes = (*notes, judged.error)
        return Answer(
            cluster=self._cluster,
            request=request,
            namespaced=self._meant.namespaced,
            allowed=judged.allowed,
            source=Source.REVIEW,
            reason=judged.reason,
            notes=notes,
        )

    async def _by_rbac(self, request: Request, who: Identity, notes: tuple[SafeStr, ...]) -> Answer:
        if self._policy is None:
            self._policy = asyncio.create_task(
                read_policy(self._cluster, namespaces=self._cluster.known_namespaces)
            )
        policy = await self._policy
        decision = policy.decide(who, request)
        return Answer(
            cluster=self._cluster,
            request=request,
            namespaced=self._meant.namespaced,
            allowed=decision.allowed,
            source=Source.RBAC,
            reason=_reason(decision),
            notes=(*notes, RBAC_ONLY, *policy.gaps),
        )


def _reason(decision: Decision) -> SafeStr:
    if decision.master:
        return SafeStr("a member of system:masters")
    return safe_text("; ".join(via(grant) for grant in decision.why[:3]), limit=300)


def via(grant: Grant) -> SafeStr:
    """By which way a right is held: ``ClusterRoleBinding/ops → ClusterRole/admin (from edit)``."""
    if grant.binding == grant.role:
        return safe_text(grant.binding)
    origin = f" (from {', '.join(grant.origins)})" if grant.origins else ""
    return safe_text(f"{grant.binding} → {grant.role}{origin}", limit=300)


async def holders(cluster: Cluster, question: Question, *, namespaces: Sequence[str] = ()) -> Holders:
    """Everybody who may, from the RBAC objects. Raises KubeError.

    Without namespaces: those too who may only in some, each with it.
    """
    meant = await meaning(cluster, question)
    policy = await read_policy(cluster, namespaces=namespaces or cluster.known_namespaces)
    wanted = [meant.within(namespace) for namespace in (namespaces if meant.namespaced else ())]
    found = dict.fromkeys(
        grant for request in (wanted or [meant.within("")]) for grant in policy.who_can(request)
    )
    return Holders(
        cluster=cluster,
        request=meant.within(""),
        grants=(masters_grant(), *found),
        notes=tuple(filter(None, (meant.note, RBAC_ONLY, *policy.gaps))),
        complete=not policy.gaps,
    )


async def held(
    cluster: Cluster, subject: Subject, *, groups: Sequence[str] = (), namespaces: Sequence[str] = ()
) -> Held:
    """Everything a subject may do, from the RBAC objects. Raises KubeError.

    ``groups``: of a user, besides those that every API server adds.
    """
    who = identity_of(subject, tuple(groups))
    policy = await read_policy(cluster, namespaces=namespaces or cluster.known_namespaces)
    grants: list[Grant] = []
    if policy.decide(who, Request(verb="get", path="/")).master:
        grants.append(masters_grant())
    grants += [g for g in policy.grants(who) if not namespaces or g.namespace in ("", *namespaces)]
    return Held(
        cluster=cluster,
        identity=who,
        grants=tuple(dict.fromkeys(grants)),
        notes=(RBAC_ONLY, *policy.gaps),
        complete=not policy.gaps,
    )
