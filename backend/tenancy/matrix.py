"""What we may do ourselves, kind by kind and verb by verb, from the servers' own rules reviews."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from backend.fleet.cluster import Cluster
from backend.kube.authorization import Request
from backend.kube.errors import KubeError, NotFound
from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.tenancy.dangers import dangers_of
from backend.tenancy.reviews import RulesAnswer, my_rules, whoami
from backend.tenancy.rules import ALL, Rule
from backend.tenancy.subjects import Identity
from backend.text import SafeStr, safe_text

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_MOST_PLACES = 20
"""Namespaces asked in one cluster: each is a request."""
_NOWHERE = "navarch-no-such-namespace"
"""A review in a namespace without bindings lists what holds everywhere: reviews don't tell that otherwise,
and a namespace's own rights don't reach kinds of the whole cluster."""


class Grade(StrEnum):
    YES = "yes"
    NAMED = "named"
    """Objects of certain names only."""
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRights:
    """One row: what we may do with one kind in one namespace."""

    cluster: Cluster
    namespace: str
    """Empty: everywhere. A namespace has rows only for kinds with which more may be done there."""
    kind: str
    """``deployments.apps``, ``pods/exec``, ``/metrics``."""
    grades: dict[str, Grade]
    """By verb of VERBS."""
    others: tuple[SafeStr, ...] = ()
    """Verbs beyond those: ``bind``, ``impersonate``, ``use``."""
    names: tuple[SafeStr, ...] = ()
    """To which a right is limited."""
    dangers: tuple[SafeStr, ...] = ()

    @property
    def some(self) -> bool:
        return bool(self.others) or any(grade is not Grade.NO for grade in self.grades.values())

    def more_than(self, general: KindRights | None) -> bool:
        """Whether it says more than what holds everywhere."""
        if general is None:
            return self.some
        return (self.grades, self.others, self.names) != (general.grades, general.others, general.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRights:
    """All of one cluster."""

    cluster: Cluster
    identity: Identity | None
    """None: the server is too old to say (before 1.28)."""
    rows: tuple[KindRights, ...]
    notes: tuple[SafeStr, ...]


async def own_rights(cluster: Cluster, *, namespaces: Sequence[str] = ()) -> OwnRights:
    """What we may do everywhere, and what more in these namespaces (none: the known ones).

    Raises KubeError.
    """
    places = list(namespaces) or cluster.known_namespaces
    notes: list[SafeStr] = []
    if not places:
        notes.append(SafeStr("only what holds everywhere; name namespaces with -n to see more"))
    if len(places) > _MOST_PLACES:
        notes.append(safe_text(f"asked in {_MOST_PLACES} of {len(places)} namespaces; name others with -n"))
        places = places[:_MOST_PLACES]
    (wide, *answers), identity, resources = await asyncio.gather(
        asyncio.gather(*(my_rules(cluster.client, place) for place in (_NOWHERE, *places))),
        _identity(cluster),
        _resources(cluster),
    )
    everywhere = _rows(cluster, "", wide.rules, resources)
    rows = list(everywhere.values())
    notes += _caveats("general", wide)
    for place, answer in zip(places, answers, strict=True):
        local = [resource for resource in resources if resource.namespaced]
        found = _rows(cluster, place, answer.rules, local)
        rows += [row for kind, row in found.items() if row.more_than(everywhere.get(kind))]
        notes += _caveats(place, answer)
    shown = [row for row in rows if row.some or "/" not in row.kind]
    return OwnRights(cluster=cluster, identity=identity, rows=tuple(shown), notes=tuple(notes))


def _caveats(place: str, answer: RulesAnswer) -> Iterable[SafeStr]:
    if answer.incomplete:
        why = f" ({answer.error})" if answer.error else ""
        yield safe_text(
            f"incomplete in {place}: an authorizer can't list its rules, more may be allowed{why}"
        )


async def _identity(cluster: Cluster) -> Identity | None:
    try:
        return await whoami(cluster.client)
    except NotFound:
        return None


async def _resources(cluster: Cluster) -> list[ApiResource]:
    """The kinds of the cluster; those with an entry where discovery is refused."""
    try:
        return list((await cluster.client.discovery()).resources)
    except KubeError:
        return [kind.resource for kind in registry.kinds() if not kind.custom]


def _rows(
    cluster: Cluster, namespace: str, rules: Sequence[Rule], resources: Sequence[ApiResource]
) -> dict[str, KindRights]:
    kinds: dict[str, Request] = {}
    for resource in resources:
        whole = Request(verb="", group=resource.group, resource=resource.plural)
        kinds[whole.kind] = whole
        for sub in resource.subresources:
            part = Request(verb="", group=resource.group, resource=resource.plural, subresource=sub)
            kinds[part.kind] = part
    if not namespace:  # what rules name and no server lists: users, groups, signers, paths
        for request in (request for rule in rules for request in _named(rule)):
            kinds.setdefault(request.kind, request)
    return {kind: _row(cluster, namespace, request, rules) for kind, request in kinds.items()}


def _named(rule: Rule) -> Iterable[Request]:
    for path in rule.paths or ():
        yield Request(verb="", path=path)
    for group in rule.api_groups or ():
        for resource in rule.resources or ():
            plural, _, sub = resource.partition("/")
            if ALL not in (group, plural):
                yield Request(verb="", group=group, resource=plural, subresource=sub)


def _row(cluster: Cluster, namespace: str, about: Request, rules: Sequence[Rule]) -> KindRights:
    grades = dict.fromkeys(VERBS, Grade.NO)
    others: dict[str, None] = {}
    names: dict[str, None] = {}
    dangers: dict[SafeStr, None] = {}
    for rule in rules:
        if not rule.concerns(about):
            continue
        grade = Grade.NAMED if rule.resource_names else Grade.YES
        verbs = rule.verbs or ()
        for verb in VERBS if ALL in verbs else verbs:
            if verb not in grades:
                others[verb] = None
            elif grades[verb] is not Grade.YES:
                grades[verb] = grade
        if ALL in verbs:
            others[ALL] = None
        names.update(dict.fromkeys(rule.resource_names or ()))
        dangers.update(dict.fromkeys(dangers_of(_about(rule, about))))
    return KindRights(
        cluster=cluster,
        namespace=namespace,
        kind=about.kind,
        grades=grades,
        others=tuple(safe_text(verb, limit=40) for verb in others),
        names=tuple(safe_text(name) for name in names),
        dangers=tuple(dangers),
    )


def _about(rule: Rule, about: Request) -> Rule:
    """The rule as far as it concerns this kind, so that a danger stands in its own row."""
    if about.path:
        return Rule()
    resource = f"{about.resource}/{about.subresource}" if about.subresource else about.resource
    return msgspec.structs.replace(rule, api_groups=(about.group,), resources=(resource,))
