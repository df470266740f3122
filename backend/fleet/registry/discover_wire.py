"""ClusterProfiles as cluster managers publish them (multicluster.x-k8s.io v1alpha1 and v1alpha2, KEP-4322).

How a cluster is reached stands in ``status.accessProviders`` (KEP-5339); until v1alpha2 also under the older
name ``credentialProviders``. Each is a cluster entry of a kubeconfig; the program that gets a credential for
it is the reader's own business, and chosen by the provider's name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backend.kube.objects import ObjectMeta

GROUP = "multicluster.x-k8s.io"
KINDS = tuple(f"clusterprofiles.{version}.{GROUP}" for version in ("v1alpha1", "v1alpha2"))
"""The older first: only it tells the deprecated providers too."""
ADDED_ARGUMENTS = "clusterprofiles.multicluster.x-k8s.io/exec/additional-args"
ADDED_VARIABLES = "clusterprofiles.multicluster.x-k8s.io/exec/additional-envs"


class Manager(msgspec.Struct, frozen=True):
    name: str = ""


class ProfileSpec(msgspec.Struct, frozen=True, rename="camel"):
    display_name: str = ""
    cluster_manager: Manager = Manager()


class Condition(msgspec.Struct, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class Property(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""


class Version(msgspec.Struct, frozen=True):
    kubernetes: str = ""


class Extension(msgspec.Struct, frozen=True):
    name: str = ""
    extension: Any = None


class ClusterEntry(msgspec.Struct, frozen=True, rename="kebab"):
    """A kubeconfig's cluster. ``certificate_authority`` would be a file of the reader's machine."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""
    disable_compression: bool = False
    extensions: list[Extension] | None = None

    def extension(self, name: str) -> Any:
        return next((entry.extension for entry in self.extensions or () if entry.name == name), None)


class AccessProvider(msgspec.Struct, frozen=True):
    name: str = ""
    cluster: ClusterEntry = ClusterEntry()


class ProfileStatus(msgspec.Struct, frozen=True, rename="camel"):
    conditions: list[Condition] | None = None
    version: Version = Version()
    properties: list[Property] | None = None
    access_providers: list[AccessProvider] | None = None
    credential_providers: list[AccessProvider] | None = None


class ClusterProfile(msgspec.Struct, frozen=True):
    metadata: ObjectMeta = ObjectMeta()
    spec: ProfileSpec = ProfileSpec()
    status: ProfileStatus = ProfileStatus()

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def providers(self) -> dict[str, AccessProvider]:
        """The ways to reach the cluster by their names; the newer field wins."""
        status = self.status
        entries = [*(status.credential_providers or ()), *(status.access_providers or ())]
        return {entry.name: entry for entry in entries}

    @property
    def health(self) -> Condition | None:
        """What its manager says of its control plane."""
        wanted = "ControlPlaneHealthy"
        return next((one for one in self.status.conditions or () if one.type == wanted), None)
