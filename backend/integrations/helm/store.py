"""Helm's storage in one cluster: which releases there are, their history, and one release whole.

Labels on every stored revision say the release's name, its number and its status, so lists read metadata
alone; payloads are asked for once a release is known, and only of the revision that is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from backend.integrations.helm.payload import BadRelease, Head, Release, computed, head_of, release_of
from backend.kube.client import Client
from backend.kube.decoder import UNREADABLE, StructDecoder
from backend.kube.errors import BadResponse, Forbidden, NotFound
from backend.kube.objects import ApiResource, ItemKey, ObjectMeta
from backend.kube.table import PartialObject
from backend.resources.helm_masking import manifest_shown
from backend.resources.kinds.configmap import KIND as CONFIG_MAP
from backend.resources.kinds.helmrelease import KIND, HelmRelease
from backend.resources.kinds.secret import KIND as SECRET

OWNED = "owner=helm"
STORES = (SECRET.resource, CONFIG_MAP.resource)
"""Helm's storage drivers that live in the cluster: ``secret`` (the default) and ``configmap``."""
PAGE = 10
"""Payloads of a list's page: each may have 1.5 MB."""
_FEW = 5
"""Up to so many payloads are read one by one."""
_MAX_SINGLE = 200
_MAX_HISTORY = 100
"""Revisions read for a history; Helm keeps ten unless told otherwise."""
_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

ReleaseKey = tuple[str, str]
"""(namespace, name of the release)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What the labels of a stored revision say."""

    release: str
    number: int
    status: str
    metadata: ObjectMeta

    @property
    def key(self) -> ReleaseKey:
        return (self.metadata.namespace, self.release)

    @property
    def stored(self) -> ItemKey:
        """Namespace and name of the object that holds it."""
        return (self.metadata.namespace, self.metadata.name)


def revision_of(metadata: ObjectMeta) -> Revision | None:
    """None: Helm did not write these labels."""
    labels = metadata.labels or {}
    number = labels.get("version", "")
    if labels.get("owner") != "helm" or not labels.get("name") or not number.isdecimal():
        return None
    return Revision(
        release=labels["name"], number=int(number[:9]), status=labels.get("status", ""), metadata=metadata
    )


def shown(revisions: Collection[Revision], head: Head | BadRelease | None = None) -> HelmRelease:
    """The row of one release: its latest revision. ``head``: that revision's payload, once it was read."""
    last = max(revisions, key=lambda revision: revision.number)
    running = [revision.number for revision in revisions if revision.status == "deployed"]
    metadata = msgspec.structs.replace(
        last.metadata,
        name=last.release,
        uid=f"helm/{last.metadata.namespace}/{last.release}",
        resource_version=f"{last.metadata.resource_version}/{max(running, default=0)}/{head is not None}",
        owner_references=None,
    )
    read = head if isinstance(head, Head) else Head()
    return HelmRelease(
        metadata=metadata,
        revision=last.number,
        status=last.status,
        deployed=max(running, default=0),
        chart=read.chart_name,
        app_version=read.app_version,
        updated=read.info.last_deployed,
        description=read.info.description,
        trouble=str(head) if isinstance(head, BadRelease) else "",
    )


def by_release(revisions: Iterable[Revision]) -> dict[ReleaseKey, list[Revision]]:
    found: dict[ReleaseKey, list[Revision]] = {}
    for revision in revisions:
        found.setdefault(revision.key, []).append(revision)
    return found


def latest(revisions: Collection[Revision]) -> Revision:
    return max(revisions, key=lambda revision: revision.number)


# --- reading


class _Data(msgspec.Struct):
    release: str = ""


class _Stored(msgspec.Struct):
    metadata: ObjectMeta = ObjectMeta()
    data: _Data | None = None

    @property
    def text(self) -> str:
        return self.data.release if self.data is not None else ""


_metadata_list = StructDecoder(PartialObject)
_stored_list = StructDecoder(_Stored)
_stored = msgspec.json.Decoder(_Stored)


async def revisions(
    client: Client, store: ApiResource, *, namespace: str | None = None, labels: str = ""
) -> list[Revision]:
    """Every stored revision, by its labels alone. Raises KubeError."""
    found: list[Revision] = []
    selector = ",".join(filter(None, (OWNED, labels)))
    bodies = client.pages(store, namespace=namespace, labels=selector, accept=_METADATA)
    async with aclosing(bodies):
        async for body in bodies:
            for item in _metadata_list.page(body).items:
                revision = revision_of(item.metadata)
                if revision is not None:
                    found.append(revision)
    return found


async def heads(
    client: Client, store: ApiResource, wanted: Collection[ItemKey], *, namespace: str | None = None
) -> AsyncGenerator[tuple[ItemKey, Head | BadRelease], None]:
    """What the payloads of these stored revisions say. Those that vanished are left out. Raises KubeError."""
    missing = dict.fromkeys(wanted)
    if len(missing) > _FEW:
        selector = f"{OWNED},status!=superseded"
        bodies = client.pages(store, namespace=namespace, labels=selector, limit=PAGE, later_limit=PAGE)
        async with aclosing(bodies):
            async for body in bodies:
                for item in _stored_list.page(body).items:
                    key = (item.metadata.namespace, item.metadata.name)
                    if key in missing:
                        del missing[key]
                        yield key, await asyncio.to_thread(_head, item, store)
    for key in list(missing)[:_MAX_SINGLE]:
        try:
            body = await client.get(store, key[1], namespace=key[0])
            yield key, await asyncio.to_thread(_head, _stored.decode(body), store)
        except NotFound:
            continue
        except UNREADABLE:
            yield key, BadRelease("it is no stored release")


def _head(item: Any, store: ApiResource) -> Head | BadRelease:
    try:
        return head_of(item.text, secret=store == SECRET.resource)
    except BadRelease as error:
        return error


async def releases(
    client: Client, store: ApiResource, *, namespace: str | None = None, labels: str = ""
) -> list[HelmRelease]:
    """The releases kept in this store, each with its latest revision. Raises KubeError."""
    found = by_release(await revisions(client, store, namespace=namespace, labels=labels))
    wanted = {latest(of_one).stored: key for key, of_one in found.items()}
    read: dict[ReleaseKey, Head | BadRelease] = {}
    async with aclosing(heads(client, store, wanted, namespace=namespace)) as payloads:
        async for stored, head in payloads:
            read[wanted[stored]] = head
    return [shown(of_one, read.get(key)) for key, of_one in found.items()]


async def whole(client: Client, name: str, *, namespace: str) -> dict[str, Any]:
    """One release with its history, values and manifest, in the shape of a Kubernetes object.

    Raises NotFound, BadResponse when its latest revision can't be read, and other KubeErrors.
    """
    refused: Forbidden | None = None
    for store in STORES:
        try:
            stored = await _all_of(client, store, name, namespace)
        except Forbidden as error:
            refused = error
            continue
        if stored:
            return await asyncio.to_thread(_composed, client.cluster, store, stored)
    if refused is not None:
        raise refused
    raise NotFound(
        client.cluster, f"there is no Helm release {namespace}/{name}", code=404, reason="NotFound"
    )


async def _all_of(
    client: Client, store: ApiResource, name: str, namespace: str
) -> list[tuple[Revision, _Stored]]:
    """Its revisions, the newest first."""
    found = []
    bodies = client.pages(
        store, namespace=namespace, labels=f"{OWNED},name={name}", limit=PAGE, later_limit=PAGE
    )
    async with aclosing(bodies):
        async for body in bodies:
            for item in _stored_list.page(body).items:
                assert isinstance(item, _Stored)
                revision = revision_of(item.metadata)
                if revision is not None and revision.release == name:
                    found.append((revision, item))
            if len(found) >= _MAX_HISTORY:
                break
    return sorted(found, key=lambda pair: -pair[0].number)


def _composed(cluster: str, store: ApiResource, stored: Sequence[tuple[Revision, _Stored]]) -> dict[str, Any]:
    secret = store == SECRET.resource
    last, item = stored[0]
    try:
        release = release_of(item.text, secret=secret)
    except BadRelease as error:
        raise BadResponse(
            cluster,
            f"revision {last.number} of the Helm release {last.release} can't be read: {error}",
            advice=f"Look at {store.singular} {last.metadata.name}; helm rollback can put an older one back.",
        ) from None
    history = [_entry(revision, _head(item, store)) for revision, item in stored]
    return _object(
        release, last, history, store, deployed=[r.number for r, _ in stored if r.status == "deployed"]
    )


def _entry(revision: Revision, head: Head | BadRelease) -> dict[str, Any]:
    entry: dict[str, Any] = {"revision": revision.number, "status": revision.status}
    if isinstance(head, BadRelease):
        return {**entry, "description": f"it can't be read: {head}"}
    return {
        **entry,
        "updated": head.info.last_deployed,
        "chart": head.chart_name,
        "appVersion": head.app_version,
        "description": head.info.description,
    }


def _object(
    release: Release,
    last: Revision,
    history: list[dict[str, Any]],
    store: ApiResource,
    *,
    deployed: Sequence[int],
) -> dict[str, Any]:
    chart = release.chart.metadata
    metadata = {
        "name": last.release,
        "namespace": last.metadata.namespace,
        "uid": f"helm/{last.metadata.namespace}/{last.release}",
        "resourceVersion": last.metadata.resource_version,
        "creationTimestamp": last.metadata.creation_timestamp,
        "labels": last.metadata.labels,
    }
    hooks = [
        {
            "name": hook.name,
            "path": hook.path,
            "events": hook.events or [],
            "manifest": manifest_shown(hook.manifest),
        }
        for hook in release.hooks or ()
    ]
    return {
        "apiVersion": KIND.resource.api_version,
        "kind": KIND.resource.kind,
        "metadata": metadata,
        "spec": {
            "chart": {
                "name": chart.name if chart else "",
                "version": chart.version if chart else "",
                "appVersion": release.app_version,
                "description": chart.description if chart else "",
            },
            "values": release.config or {},
            "computedValues": computed(release.chart.values, release.config),
        },
        "status": {
            "status": last.status,
            "revision": last.number,
            "deployedRevision": max(deployed, default=0),
            "firstDeployed": release.info.first_deployed,
            "lastDeployed": release.info.last_deployed,
            "description": release.info.description,
            "storedIn": f"{store.singular}/{last.metadata.name}",
            "notes": release.info.notes,
            "history": history,
            "manifest": manifest_shown(release.manifest),
            "hooks": hooks,
        },
    }
