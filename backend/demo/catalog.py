"""Which resources a cluster serves: recorded from a real API server, plus what its CRDs add."""

from __future__ import annotations

import io
import lzma
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Subresource:
    name: str
    kind: str
    group: str
    version: str
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource in one version, as discovery describes it."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: dict[str, Subresource] = field(default_factory=dict)
    custom: bool = False
    """True for a custom resource: its table and its schema come from its CRD."""

    @property
    def key(self) -> str:
        """Names the stored collection: ``pods``, ``apps/deployments``."""
        return f"{self.group}/{self.plural}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


def data_bytes(name: str) -> bytes:
    """One recorded file of the real server (see tests/contract/record.py), unpacked."""
    return lzma.decompress((resources.files("backend.demo") / "data" / name).read_bytes())


@cache
def recorded(name: str) -> Any:
    """A recorded JSON document, decoded once per process. Do not change it."""
    return msgspec.json.decode(data_bytes(name))


@cache
def openapi_v3(path: str) -> bytes | None:
    """The recorded OpenAPI v3 document of ``api/v1`` or ``apis/apps/v1``; None if there is none."""
    with _archive() as archive:
        try:
            return archive.read(f"{path}.json")
        except KeyError:
            return None


@cache
def openapi_v3_paths() -> dict[str, str]:
    """Group-version path -> a hash of its document, in the recorded order."""
    with _archive() as archive:
        return {entry.filename.removesuffix(".json"): f"{entry.CRC:08X}" for entry in archive.infolist()}


def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(
        io.BytesIO((resources.files("backend.demo") / "data" / "openapi-v3.zip").read_bytes())
    )


class Catalog:
    """The resources of one cluster. The built-in ones are shared by all clusters of the process."""

    def __init__(self) -> None:
        self._builtin = _builtin()
        self.custom: dict[tuple[str, str, str], Resource] = {}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        key = (group, version, plural)
        return self._builtin.get(key) or self.custom.get(key)

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        group, _, version = api_version.rpartition("/")
        for resource in self.all():
            if resource.kind == kind and resource.group == group and resource.version == version:
                return resource
        return None

    def by_key(self, key: str) -> Resource | None:
        """The first served version of a stored collection."""
        for resource in self.all():
            if resource.key == key:
                return resource
        return None

    def all(self) -> Iterator[Resource]:
        yield from self._builtin.values()
        yield from self.custom.values()

    def group_versions(self) -> set[tuple[str, str]]:
        return {(group, version) for group, version, _ in (*self._builtin, *self.custom)}


@cache
def _builtin() -> dict[tuple[str, str, str], Resource]:
    table: dict[tuple[str, str, str], Resource] = {}
    documents = recorded("discovery.json.xz")
    for document in (documents["api"], documents["apis"]):
        for group in document["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                for entry in version["resources"]:
                    resource = _resource(name, version["version"], entry)
                    table[name, version["version"], resource.plural] = resource
    return table


def _resource(group: str, version: str, entry: dict[str, Any]) -> Resource:
    subresources = {}
    for sub in entry.get("subresources") or ():
        kind = sub.get("responseKind") or {}
        subresources[sub["subresource"]] = Subresource(
            name=sub["subresource"],
            kind=kind.get("kind", ""),
            group=kind.get("group") or group,
            version=kind.get("version") or version,
            verbs=tuple(sub["verbs"]),
        )
    return Resource(
        group=group,
        version=version,
        plural=entry["resource"],
        singular=entry["singularResource"],
        kind=entry["responseKind"]["kind"],
        namespaced=entry["scope"] == "Namespaced",
        verbs=tuple(entry["verbs"]),
        short_names=tuple(entry.get("shortNames") or ()),
        categories=tuple(entry.get("categories") or ()),
        subresources=subresources,
    )
