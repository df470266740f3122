"""Clusters that hubs know: their ClusterProfiles, reviewed as a kubeconfig is. Nothing is run or stored.

A profile is made into a kubeconfig of one context and goes through the same checks as any; what it can't say
(who we are) comes from the person's own settings, by the access provider's name. A hub could name any server:
that is why each cluster is shown, its program approved by itself, and the approval bound to that server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import yaml

from backend.fleet.cluster import Cluster, KindNotFound
from backend.fleet.listing import list_once
from backend.fleet.query import Query
from backend.fleet.registry.discover_providers import Provider
from backend.fleet.registry.discover_wire import KINDS, AccessProvider, ClusterProfile
from backend.fleet.registry.record import ClusterRecord, Source
from backend.fleet.registry.review import Candidate, Concern, Review, Weight, review
from backend.kube.decoder import StructDecoder
from backend.kube.errors import KubeconfigError, KubeError, Malformed
from backend.kube.kubeconfig import Problem
from backend.kube.kubeconfig.entries import EXEC_EXTENSION
from backend.text import SafeStr, safe_text

_SHOWN_PROPERTIES = 12
_decoder = StructDecoder(ClusterProfile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What one cluster told about others."""

    cluster: Cluster
    profiles: tuple[ClusterProfile, ...] = ()
    unread: int = 0
    """Profiles of a shape that can't be understood."""
    serves: bool = True
    """False: it has no ClusterProfiles at all; most clusters are no hubs."""
    error: KubeError | None = None
    """Why it could not be asked."""


async def ask_hubs(clusters: Sequence[Cluster], *, timeout: float = 30.0) -> list[Hub]:
    """What these clusters tell, in their order; a dead one costs the others nothing."""
    found: dict[str, Hub] = {}
    waiting = list(clusters)
    for kind in KINDS:
        answers = await _ask(waiting, kind, timeout)
        found |= {hub.cluster.id: hub for hub in answers}
        waiting = [hub.cluster for hub in answers if not hub.serves]
        if not waiting:
            break
    return [found[cluster.id] for cluster in clusters]


async def _ask(clusters: Sequence[Cluster], kind: str, timeout: float) -> list[Hub]:
    hubs = {cluster.id: Hub(cluster=cluster) for cluster in clusters}
    async with aclosing(list_once(clusters, Query(kind=kind), objects=True, timeout=timeout)) as pieces:
        async for piece in pieces:
            hub = hubs[piece.cluster.id]
            if piece.restarted:
                hub = replace(hub, profiles=(), unread=0)
            if piece.body:
                hub = _with_page(hub, piece.body)
            if isinstance(piece.error, KindNotFound):
                hub = replace(hub, serves=False)
            elif piece.error is not None:
                hub = replace(hub, error=piece.error)
            hubs[piece.cluster.id] = hub
    return list(hubs.values())


def _with_page(hub: Hub, body: bytes) -> Hub:
    try:
        page = _decoder.page(body)
    except Malformed:
        return replace(hub, unread=hub.unread + 1)
    profiles = tuple(item for item in page.items if isinstance(item, ClusterProfile))
    return replace(hub, profiles=(*hub.profiles, *profiles), unread=hub.unread + page.skipped)


def review_profiles(
    hubs: Iterable[Hub],
    providers: Mapping[str, Provider],
    *,
    known: Iterable[tuple[str, ClusterRecord]] = (),
) -> Review:
    """What the hubs' profiles offer; ``known`` are (id, record) of the vault's clusters."""
    present = list(known)
    candidates: list[Candidate] = []
    problems: list[Problem] = []
    names = []
    for hub in hubs:
        if not hub.serves:
            continue
        if hub.error is not None:
            problems.append(_problem(f"cluster {hub.cluster.name}", hub.error.sentence, hub.error.advice))
            continue
        names.append(str(hub.cluster.name))
        if hub.unread:
            problems.append(
                _problem(f"hub {hub.cluster.name}", f"{hub.unread} ClusterProfiles can't be understood")
            )
        for profile in hub.profiles:
            found = _reviewed(hub.cluster, profile, providers, present)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                candidates.append(found)
    source = f"ClusterProfiles of {', '.join(names)}" if names else "no hub"
    return Review(
        source=safe_text(source, limit=300),
        path="",
        candidates=tuple(candidates),
        problems=tuple(problems),
    )


def _reviewed(
    hub: Cluster,
    profile: ClusterProfile,
    providers: Mapping[str, Provider],
    present: list[tuple[str, ClusterRecord]],
) -> Candidate | Problem:
    context = f"{hub.name}/{profile.key}"
    access = _access(profile, providers)
    if access is None:
        return _problem(
            context, "it names no way to reach its cluster", "Its cluster manager writes accessProviders."
        )
    provider = providers.get(access.name)
    document = _kubeconfig(profile.metadata.name, access, provider)
    others = [(i, r) for i, r in present if (r.source.hub, r.source.profile) != (hub.id, profile.key)]
    try:
        found = review(yaml.safe_dump(document).encode(), known=others)
    except KubeconfigError as error:
        return _problem(context, error.sentence, error.advice)
    if not found.candidates:
        why = found.problems[0] if found.problems else None
        return _problem(context, why.sentence if why else "it can't be used", why.advice if why else "")
    [candidate] = found.candidates
    source = Source(context=context, hub=hub.id, profile=profile.key)
    return replace(
        candidate,
        context=context,
        record=msgspec.structs.replace(candidate.record, source=source),
        concerns=(*_facts(profile), *_about_access(context, access, provider), *_kept(candidate, provider)),
        known=next((i for i, r in present if (r.source.hub, r.source.profile) == (hub.id, profile.key)), ""),
    )


def _access(profile: ClusterProfile, providers: Mapping[str, Provider]) -> AccessProvider | None:
    """The way a program is set for, the first set first; else the profile's first."""
    offered = profile.providers
    return next((offered[name] for name in providers if name in offered), next(iter(offered.values()), None))


def _kubeconfig(name: str, access: AccessProvider, provider: Provider | None) -> dict[str, Any]:
    """The profile as a kubeconfig, with what may come from elsewhere and nothing that names local files."""
    entry = access.cluster
    cluster = {
        "server": entry.server,
        "tls-server-name": entry.tls_server_name,
        "insecure-skip-tls-verify": entry.insecure_skip_tls_verify,
        "certificate-authority-data": entry.certificate_authority_data,
        "proxy-url": entry.proxy_url,
        "disable-compression": entry.disable_compression,
    }
    shown: dict[str, Any] = {key: value for key, value in cluster.items() if value}
    config = entry.extension(EXEC_EXTENSION)
    if config is not None:
        shown["extensions"] = [{"name": EXEC_EXTENSION, "extension": config}]
    user = {"exec": provider.exec_entry(entry)} if provider is not None else {}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": shown}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def _facts(profile: ClusterProfile) -> list[Concern]:
    """What its manager says of the cluster."""
    status, manager = profile.status, profile.spec.cluster_manager.name
    words = [f"“{profile.spec.display_name}”"] if profile.spec.display_name else []
    words += [f"Kubernetes {status.version.kubernetes}"] if status.version.kubernetes else []
    words += [f"managed by {manager}"] if manager else []
    found = [_show("profile", ", ".join(words))] if words else []
    health = profile.health
    if health is not None and health.status != "True":
        why = ": ".join(filter(None, (health.reason, health.message)))
        found.append(_show("unhealthy", f"Its manager says that its control plane is not healthy: {why}"))
    properties = [f"{one.name}={one.value}" for one in (status.properties or ())[:_SHOWN_PROPERTIES]]
    if properties:
        more = len(status.properties or ()) - len(properties)
        found.append(_show("properties", ", ".join(properties) + (f" and {more} more" if more > 0 else "")))
    return found


def _about_access(context: str, access: AccessProvider, provider: Provider | None) -> list[Concern]:
    found = [_show("access", f"ClusterProfile {context}, reached through access provider {access.name}")]
    if access.cluster.certificate_authority:
        found.append(
            _show("local-file", "It names a file on your machine as its certificate authority: not read.")
        )
    if provider is None:
        found.append(
            Concern(
                code="no-provider",
                weight=Weight.REFUSE,
                sentence=safe_text(
                    f"No program is set that logs in through access provider {access.name}: name one under "
                    f"[providers.{access.name}] in the settings, or with --provider {access.name}=PROGRAM."
                ),
            )
        )
        return found
    found += [
        _show("ignored", f"The profile wants to give the program {what}: ignored")
        for what in provider.ignores(access.cluster)
    ]
    return found


def _kept(candidate: Candidate, provider: Provider | None) -> list[Concern]:
    """What the review of the made kubeconfig found; without a program it can't say how to log in."""
    return [c for c in candidate.concerns if provider is not None or c.code != "anonymous"]


def _show(code: str, sentence: object) -> Concern:
    return Concern(code=code, weight=Weight.SHOW, sentence=safe_text(sentence, limit=1000))


def _problem(where: object, sentence: object, advice: object = "") -> Problem:
    text: SafeStr = safe_text(sentence, limit=500)
    return Problem(where=safe_text(where, limit=300), sentence=text, advice=safe_text(advice, limit=300))
