"""Discovery documents as API servers write them: apidiscovery.k8s.io v2 and v2beta1, the older meta/v1."""

from __future__ import annotations

import msgspec


class _Wire(msgspec.Struct, rename="camel"):
    """Read once, turned into ApiResources, dropped."""


class GroupVersionKind(_Wire):
    kind: str = ""


class SubresourceDiscovery(_Wire):
    subresource: str = ""


class ResourceDiscovery(_Wire):
    resource: str
    response_kind: GroupVersionKind | None = None
    scope: str = ""
    singular_resource: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None
    subresources: list[SubresourceDiscovery] | None = None


class VersionDiscovery(_Wire):
    version: str
    freshness: str = ""
    resources: list[ResourceDiscovery] = []


class Named(_Wire):
    name: str = ""


class GroupDiscovery(_Wire):
    metadata: Named = msgspec.field(default_factory=Named)
    versions: list[VersionDiscovery] = []


class GroupDiscoveryList(_Wire):
    items: list[GroupDiscovery] = []


class CoreVersions(_Wire):
    versions: list[str] = []


class GroupVersion(_Wire):
    version: str


class Group(_Wire):
    name: str
    versions: list[GroupVersion] = []
    preferred_version: GroupVersion | None = None

    def preferred_first(self) -> list[tuple[str, str]]:
        """(group, version) pairs, the server's preferred version in front."""
        versions = [entry.version for entry in self.versions]
        if self.preferred_version and self.preferred_version.version in versions:
            versions.remove(self.preferred_version.version)
            versions.insert(0, self.preferred_version.version)
        return [(self.name, version) for version in versions]


class GroupList(_Wire):
    groups: list[Group] = []


class LegacyResource(_Wire):
    name: str
    singular_name: str = ""
    namespaced: bool = False
    kind: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None


class ResourceList(_Wire):
    resources: list[LegacyResource] = []


aggregated = msgspec.json.Decoder(GroupDiscoveryList)
core_versions = msgspec.json.Decoder(CoreVersions)
groups = msgspec.json.Decoder(GroupList)
resource_list = msgspec.json.Decoder(ResourceList)
