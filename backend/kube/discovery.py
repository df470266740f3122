"""What an API server serves: aggregated discovery (KEP-3352), or group by group before 1.26."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from backend.kube import discovery_wire as wire
from backend.kube.caller import JSON, Call, Caller
from backend.kube.decoder import UNREADABLE
from backend.kube.errors import BadResponse, KubeError
from backend.kube.objects import ApiResource

_AGGREGATED = ";g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
ACCEPT = ",".join([JSON + _AGGREGATED.format("v2"), JSON + _AGGREGATED.format("v2beta1"), JSON])
DEADLINE = 30.0
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Every kind of one server, in its own order of priority (which decides what a bare word means)."""

    everything: tuple[ApiResource, ...]
    """All versions of all groups; the versions of a group in the server's order of preference."""
    stale: frozenset[str] = frozenset()
    """Group-versions whose aggregated API server does not answer; their kinds are the last ones known."""
    problems: tuple[str, ...] = ()
    """What could not be discovered, and why. The rest is usable."""
    etags: dict[str, str] = field(default_factory=dict)
    """Path -> ETag, to ask next time whether anything changed."""

    @property
    def resources(self) -> tuple[ApiResource, ...]:
        """Each kind once, in its group's preferred version."""
        chosen: dict[tuple[str, str], ApiResource] = {}
        for resource in self.everything:
            chosen.setdefault((resource.group, resource.plural), resource)
        return tuple(chosen.values())

    def find(self, word: str) -> list[ApiResource]:
        """The kinds a person may mean, the one kubectl would choose first; several: the word is ambiguous.

        ``word``, in any case: plural, singular, kind or short name; with ``.group`` (or a prefix of one) or
        ``.version.group`` behind it. Source: kubectl's ParseResourceArg, ShortcutExpander, DefaultRESTMapper.
        """
        name, dot, rest = word.strip().lower().partition(".")
        if not dot:
            return _named(self.resources, name)
        version, _, group = rest.partition(".")
        exact = [r for r in self.everything if r.version == version and r.group == group]
        if found := _named(exact, name):
            return found
        if found := _named([r for r in self.resources if r.group == rest], name):
            return found
        return _named([r for r in self.resources if r.group.startswith(rest)], name)

    def lookup(self, *, group: str, version: str, kind: str) -> ApiResource | None:
        """The kind of an object's ``apiVersion`` and ``kind``."""
        matching = (r for r in self.everything if (r.group, r.version, r.kind) == (group, version, kind))
        return next(matching, None)

    def category(self, word: str) -> list[ApiResource]:
        """The kinds of a category; ``all`` is the one people know."""
        return [r for r in self.resources if word.lower() in r.categories]


def _named(resources: Iterable[ApiResource], name: str) -> list[ApiResource]:
    """Those called ``name``; a short name counts only where nothing bears the name in full."""
    pool = list(resources)
    full = [r for r in pool if name in {r.plural, r.singular, r.kind.lower()}]
    return full or [r for r in pool if name in r.short_names]


async def discover(caller: Caller, *, known: Discovery | None = None) -> Discovery:
    """Ask the server what it serves. ``known``: an earlier answer, kept for what is unchanged or stale.

    Raises KubeError when nothing at all could be learnt; a broken group only becomes a problem.
    """
    parts = await asyncio.gather(*(_root(caller, root, known) for root in ("/api", "/apis")))
    return Discovery(
        everything=tuple(resource for part in parts for resource in part.everything),
        stale=frozenset().union(*(part.stale for part in parts)),
        problems=tuple(problem for part in parts for problem in part.problems),
        etags={path: tag for part in parts for path, tag in part.etags.items()},
    )


async def _root(caller: Caller, root: str, known: Discovery | None) -> Discovery:
    call = Call(
        method="GET",
        path=root,
        what="discover what the server serves",
        accept=ACCEPT,
        deadline=DEADLINE,
        etag=known.etags.get(root, "") if known else "",
    )
    reply = await caller.reply(call)
    if reply.status == 304 and known is not None:
        return _part(known, root)
    tag = reply.headers.get("etag", "")
    try:
        if "apigroupdiscoverylist" in reply.headers.get("content-type", "").lower():
            found = _aggregated(wire.aggregated.decode(reply.body), known)
        elif root == "/api":
            versions = wire.core_versions.decode(reply.body).versions
            found = await _legacy(caller, [("", version) for version in versions], known)
        else:
            groups = wire.groups.decode(reply.body).groups
            pairs = [pair for group in groups for pair in group.preferred_first()]
            found = await _legacy(caller, pairs, known)
    except UNREADABLE as error:
        raise BadResponse(
            caller.cluster, "the server's discovery document can't be read", detail=error
        ) from None
    return replace(found, etags={root: tag} if tag and not found.problems and not found.stale else {})


def _part(known: Discovery, root: str) -> Discovery:
    core = root == "/api"
    return Discovery(
        everything=tuple(r for r in known.everything if (not r.group) == core),
        etags={root: known.etags[root]},
    )


def _aggregated(document: wire.GroupDiscoveryList, known: Discovery | None) -> Discovery:
    everything: list[ApiResource] = []
    stale: set[str] = set()
    for group in document.items:
        for version in group.versions:
            found = [
                r for entry in version.resources if (r := _entry(group.metadata.name, version.version, entry))
            ]
            if version.freshness == "Stale":
                stale.add(_group_version(group.metadata.name, version.version))
                found = found or _remembered(known, group.metadata.name, version.version)
            everything += found
    return Discovery(everything=tuple(everything), stale=frozenset(stale))


def _entry(group: str, version: str, entry: wire.ResourceDiscovery) -> ApiResource | None:
    if not _NAME.match(entry.resource) or (group and not _NAME.match(group)) or not _NAME.match(version):
        return None
    return ApiResource(
        group=group,
        version=version,
        plural=entry.resource,
        singular=entry.singular_resource or (entry.response_kind.kind.lower() if entry.response_kind else ""),
        kind=entry.response_kind.kind if entry.response_kind else "",
        namespaced=entry.scope == "Namespaced",
        short_names=tuple(entry.short_names or ()),
        categories=tuple(entry.categories or ()),
        verbs=tuple(entry.verbs or ()),
        subresources=tuple(sub.subresource for sub in entry.subresources or ()),
    )


async def _legacy(caller: Caller, versions: list[tuple[str, str]], known: Discovery | None) -> Discovery:
    """One question per group and version; the caller's token bucket spreads them."""
    answers = await asyncio.gather(*(_group_resources(caller, group, version) for group, version in versions))
    everything: list[ApiResource] = []
    stale: set[str] = set()
    problems: list[str] = []
    for (group, version), answer in zip(versions, answers, strict=True):
        if isinstance(answer, KubeError):
            stale.add(_group_version(group, version))
            problems.append(str(answer.sentence))
            everything += _remembered(known, group, version)
        else:
            everything += answer
    return Discovery(everything=tuple(everything), stale=frozenset(stale), problems=tuple(problems))


async def _group_resources(caller: Caller, group: str, version: str) -> list[ApiResource] | KubeError:
    if (group and not _NAME.match(group)) or not _NAME.match(version):
        return []
    name = _group_version(group, version)
    path = f"/apis/{name}" if group else f"/api/{version}"
    call = Call(method="GET", path=path, what=f"discover {name}", deadline=DEADLINE, retries=1)
    try:
        document = wire.resource_list.decode((await caller.reply(call)).body)
    except UNREADABLE as error:
        return BadResponse(caller.cluster, f"discover {name}: the answer can't be read", detail=error)
    except KubeError as error:
        return error
    return _from_legacy(group, version, document)


def _from_legacy(group: str, version: str, document: wire.ResourceList) -> list[ApiResource]:
    subresources: dict[str, list[str]] = {}
    for entry in document.resources:
        plural, slash, sub = entry.name.partition("/")
        if slash:
            subresources.setdefault(plural, []).append(sub)
    return [
        ApiResource(
            group=group,
            version=version,
            plural=entry.name,
            singular=entry.singular_name or entry.kind.lower(),
            kind=entry.kind,
            namespaced=entry.namespaced,
            short_names=tuple(entry.short_names or ()),
            categories=tuple(entry.categories or ()),
            verbs=tuple(entry.verbs or ()),
            subresources=tuple(subresources.get(entry.name, ())),
        )
        for entry in document.resources
        if _NAME.match(entry.name)
    ]


def _remembered(known: Discovery | None, group: str, version: str) -> list[ApiResource]:
    everything = known.everything if known else ()
    return [r for r in everything if r.group == group and r.version == version]


def _group_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version
