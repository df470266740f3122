"""Which kinds of one cluster a search asks, in which order: what people look for most comes first."""

from __future__ import annotations

from collections.abc import Iterable

from backend.fleet.cluster import Cluster, KindNotFound
from backend.fleet.search_terms import Search
from backend.kube.objects import ApiResource
from backend.text import safe_text

WITH_IMAGES = (
    "pods",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "cronjobs.batch",
    "jobs.batch",
    "replicasets.apps",
    "replicationcontrollers",
)
"""Kinds with containers; custom kinds with a pod template are searched when they are named."""
_FIRST = (
    *WITH_IMAGES[:6],
    "services",
    "ingresses.networking.k8s.io",
    "configmaps",
    "secrets",
    "persistentvolumeclaims",
    "nodes",
    "namespaces",
)
_LEFT_OUT = frozenset({"events", "events.events.k8s.io", "componentstatuses"})
"""Unless they are named: events repeat the names of what they tell about; the others are asked live."""
_LEFT_OUT_GROUPS = ("metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io")
"""Their objects repeat the names of pods and nodes."""


async def chosen(cluster: Cluster, wanted: Search) -> list[ApiResource]:
    """The kinds to list, each once. Raises KindNotFound if none of the words means one here, KubeError."""
    if wanted.kinds:
        found = await _named(cluster, wanted.kinds)
    else:
        discovery = await cluster.client.discovery()
        found = [resource for resource in discovery.resources if _by_default(resource)]
        if wanted.image:
            found = [resource for resource in found if resource.full_name in WITH_IMAGES]
    if wanted.namespaces:
        found = [resource for resource in found if resource.namespaced]
    return sorted(without_twins(found), key=_place)


async def _named(cluster: Cluster, words: Iterable[str]) -> list[ApiResource]:
    found: dict[str, ApiResource] = {}
    missing: KindNotFound | None = None
    for word in words:
        try:
            for target in await cluster.resolve_all(word):
                if target.stored is not None:
                    raise KindNotFound(
                        cluster.name,
                        f"{safe_text(word)} can't be searched",
                        advice=f"List them: navarch get {safe_text(word)} --match REGEX",
                    )
                found.setdefault(target.resource.full_name, target.resource)
        except KindNotFound as error:
            missing = error
    if missing is not None and not found:
        raise missing
    return list(found.values())


def _by_default(resource: ApiResource) -> bool:
    left_out = resource.full_name in _LEFT_OUT or resource.group in _LEFT_OUT_GROUPS
    return "list" in resource.verbs and not left_out


def without_twins(resources: Iterable[ApiResource]) -> list[ApiResource]:
    """Without kinds that the old group ``extensions`` serves a second time; other twins share uids."""
    found = list(resources)
    elsewhere = {(r.plural, r.kind) for r in found if r.group != "extensions"}
    return [r for r in found if r.group != "extensions" or (r.plural, r.kind) not in elsewhere]


def _place(resource: ApiResource) -> int:
    name = resource.full_name
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)
