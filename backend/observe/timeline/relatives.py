"""What one object has to do with: its owners, their parts, and what those stand on; read whole, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import msgspec

from backend.fleet.cluster import Cluster
from backend.fleet.objects import Found, read, typed
from backend.fleet.owners import NoOwner, owner_of
from backend.kube.errors import KubeError, NotFound
from backend.kube.objects import ApiResource
from backend.observe.timeline.happening import Subject
from backend.observe.timeline.shapes import mapping, mappings, text
from backend.resources import registry
from backend.resources.kind import api_resource
from backend.resources.labels import LabelSelector, selector_query
from backend.resources.relations import relations_of
from backend.text import SafeStr, safe_text

REVISIONS = api_resource("apps/v1", "ControllerRevision", "controllerrevisions")
MOST_PODS = 30
MOST_NAMED = 40
"""Nodes, claims, volumes, configuration: what pods name."""
_OWNERS = 5
_SCANNED = 1000
_AT_ONCE = 4
_DEADLINE = 20.0
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_NAMED = {
    "nodes": "node",
    "persistentvolumeclaims": "claim",
    "persistentvolumes": "volume",
    "configmaps": "config",
    "secrets": "secret",
}
"""Full names of what a pod names and what can change under it; of the last two only metadata is asked."""
_SELECTING = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"}
)


class _ObjectList(msgspec.Struct):
    items: list[dict[str, Any]] | None = None


_list = msgspec.json.Decoder(_ObjectList)
_object = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """One object with its role; ``obj`` is as it was read (of configuration: metadata only)."""

    subject: Subject
    obj: Mapping[str, Any]


@dataclass(slots=True)
class Relatives:
    """All of them, the object itself first."""

    found: dict[tuple[str, str, str], Relative] = field(default_factory=dict)
    gone: bool = False
    """The object itself is not there any more."""
    problems: list[SafeStr] = field(default_factory=list)
    """What could not be read, and why."""

    def of_kind(self, kind: str) -> list[Relative]:
        return [one for one in self.found.values() if one.subject.kind == kind]

    def subject_of(self, kind: str, namespace: str, name: str) -> Subject | None:
        """Whose event that is: of one that is there, or of a pod that a known owner had made."""
        known = self.found.get((kind, namespace, name))
        if known is not None:
            return known.subject
        if kind == "Pod":
            for one in self.found.values():
                owner = one.subject
                made = owner.kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job")
                if made and owner.namespace == namespace and name.rpartition("-")[0] == owner.name:
                    pods = registry.builtin("pods")
                    resource = pods.resource if pods is not None else None
                    return Subject(
                        role="gone pod",
                        resource=resource,
                        kind=kind,
                        namespace=namespace,
                        name=name,
                        part=owner.name,
                    )
        return None


async def relatives_of(
    cluster: Cluster, resource: ApiResource, name: str, *, namespace: str = ""
) -> Relatives:
    """Read them. What may not be read is told in ``problems``. Raises KubeError if the object itself can't be
    read for another reason than that it is gone."""
    walk = _Walk(cluster)
    try:
        obj = await read(cluster, resource, name, namespace=namespace or None)
    except NotFound:
        walk.relatives.gone = True
        subject = Subject(
            role="itself", resource=resource, kind=resource.kind, namespace=namespace, name=name
        )
        walk.relatives.found[subject.key] = Relative(subject=subject, obj={})
        return walk.relatives
    try:
        async with asyncio.timeout(_DEADLINE):
            await walk.run(Found(cluster=cluster, resource=resource, obj=obj))
    except TimeoutError:
        walk.relatives.problems.append(safe_text(f"not all was read within {_DEADLINE:.0f} s"))
    return walk.relatives


class _Walk:
    def __init__(self, cluster: Cluster) -> None:
        self.relatives = Relatives()
        self._cluster = cluster
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def run(self, found: Found) -> None:
        self._add(found.resource, found.obj, role="itself")
        top = await self._owners(found)
        await self._parts(top)
        await self._named()

    def _add(self, resource: ApiResource, obj: Mapping[str, Any], *, role: str) -> bool:
        """False: it is known already."""
        metadata = mapping(obj, "metadata")
        subject = Subject(
            role=role,
            resource=resource,
            kind=resource.kind,
            namespace=text(metadata, "namespace"),
            name=text(metadata, "name"),
            part=_owner_name(obj) if resource.kind == "Pod" else "",
        )
        if subject.key in self.relatives.found:
            return False
        self.relatives.found[subject.key] = Relative(subject=subject, obj=typed(obj, resource))
        return True

    async def _owners(self, found: Found) -> Found:
        """Up to whoever is at the top."""
        for _ in range(_OWNERS):
            try:
                found = await owner_of(found)
            except NoOwner:
                break
            except KubeError as error:
                self._problem("owner", error)
                break
            if not self._add(found.resource, found.obj, role="owner"):
                break
        return found

    async def _parts(self, top: Found) -> None:
        """What the topmost owner is made of: revisions, jobs, pods."""
        kind, uid, namespace = top.resource.kind, top.uid, top.namespace
        if kind == "Deployment":
            await self._list("replicasets", "revision", namespace, owner=uid)
        if kind in ("StatefulSet", "DaemonSet"):
            await self._list(REVISIONS, "revision", namespace, owner=uid)
        if kind == "CronJob":
            await self._list("jobs", "run", namespace, owner=uid, most=5)
            for job in self.relatives.of_kind("Job")[:5]:
                await self._list(
                    "pods", "pod", namespace, owner=text(mapping(job.obj, "metadata"), "uid"), most=5
                )
        if kind in _SELECTING:
            selector = mapping(top.obj, "spec", "selector")
            if kind == "ReplicationController":
                selector = {"matchLabels": selector}
            labels = selector_query(msgspec.convert(selector, LabelSelector))
            await self._list("pods", "pod", namespace, labels=labels, most=MOST_PODS)
            await self._list("hpa", "autoscaler", namespace, scales=(kind, top.name))

    async def _named(self) -> None:
        """What pods and claims name: nodes, claims and their volumes, configuration."""
        for _ in range(2):  # a claim names its volume
            wanted: dict[tuple[str, str, str], str] = {}
            for one in list(self.relatives.found.values()):
                if one.subject.kind not in ("Pod", "PersistentVolumeClaim", "PersistentVolume"):
                    continue
                try:
                    named = relations_of(
                        one.obj, one.subject.resource.full_name if one.subject.resource else ""
                    )
                except msgspec.ValidationError:
                    continue
                for relation in named:
                    role = _NAMED.get(relation.kind)
                    if role and relation.name:
                        wanted[(relation.kind, relation.namespace, relation.name)] = role
            missing = [key for key in wanted if not self._knows(*key)]
            if len(missing) > MOST_NAMED:
                self.relatives.problems.append(
                    safe_text(
                        f"only {MOST_NAMED} of {len(missing)} nodes, claims and configurations were read"
                    )
                )
            await asyncio.gather(*(self._read(*key, role=wanted[key]) for key in missing[:MOST_NAMED]))

    def _knows(self, full_name: str, namespace: str, name: str) -> bool:
        kind = registry.builtin(full_name)
        return kind is None or (kind.resource.kind, namespace, name) in self.relatives.found

    async def _read(self, full_name: str, namespace: str, name: str, *, role: str) -> None:
        kind = registry.builtin(full_name)
        assert kind is not None
        secret = full_name in ("configmaps", "secrets")
        try:
            async with self._gate:
                body = await self._cluster.client.get(
                    kind.resource,
                    name,
                    namespace=namespace or None,
                    accept=_METADATA if secret else "application/json",
                )
            obj = _object.decode(body)
        except NotFound:
            return
        except (KubeError, msgspec.MsgspecError) as error:
            self._problem(f"{role} {name}", error)
            return
        if secret:  # a server that does not know the short form sends values: they go no further
            obj = {"metadata": obj.get("metadata")}
        self._add(kind.resource, obj, role=role)

    async def _list(
        self,
        kind: str | ApiResource,
        role: str,
        namespace: str,
        *,
        owner: str = "",
        labels: str = "",
        scales: tuple[str, str] | None = None,
        most: int = 100,
    ) -> None:
        """Add the newest of those that an owner, labels or a target choose."""
        known = registry.builtin(kind) if isinstance(kind, str) else None
        resource = known.resource if known is not None else kind
        assert isinstance(resource, ApiResource)
        kept: list[dict[str, Any]] = []
        scanned = 0
        try:
            bodies = self._cluster.client.pages(resource, namespace=namespace or None, labels=labels)
            async with self._gate, aclosing(bodies):
                async for body in bodies:
                    items = _list.decode(body).items or []
                    scanned += len(items)
                    kept += [obj for obj in items if _chosen(obj, owner, scales)]
                    if scanned >= _SCANNED:
                        break
        except (KubeError, msgspec.MsgspecError) as error:
            self._problem(resource.plural, error)
            return
        kept.sort(key=lambda obj: text(mapping(obj, "metadata"), "creationTimestamp"), reverse=True)
        for obj in kept[:most]:
            self._add(resource, obj, role=role)
        if len(kept) > most:
            self.relatives.problems.append(
                safe_text(f"only the newest {most} of {len(kept)} {resource.plural} are told of")
            )

    def _problem(self, what: str, error: Exception) -> None:
        sentence = getattr(error, "sentence", "it can't be read")
        self.relatives.problems.append(safe_text(f"{what}: {sentence}"))


def _chosen(obj: Mapping[str, Any], owner: str, scales: tuple[str, str] | None) -> bool:
    if scales is not None:
        target = mapping(obj, "spec", "scaleTargetRef")
        return (target.get("kind"), target.get("name")) == scales
    return not owner or any(one.get("uid") == owner for one in _owners(obj))


def _owner_name(obj: Mapping[str, Any]) -> str:
    return next((text(one, "name") for one in _owners(obj) if one.get("controller")), "")


def _owners(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return mappings(mapping(obj, "metadata").get("ownerReferences"))
