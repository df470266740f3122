"""Reading a cluster's RBAC objects: all of them, or what one may read, with what is missing said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from backend.fleet.cluster import Cluster
from backend.kube.decoder import StructDecoder
from backend.kube.errors import Forbidden
from backend.kube.listing import Scope, collect
from backend.kube.objects import ApiResource
from backend.resources.kind import api_resource
from backend.tenancy.policy import Binding, Policy, Role
from backend.text import SafeStr, safe_text

_API = "rbac.authorization.k8s.io/v1"
_CLUSTER_ROLES = api_resource(_API, "ClusterRole", "clusterroles", namespaced=False)
_CLUSTER_BINDINGS = api_resource(_API, "ClusterRoleBinding", "clusterrolebindings", namespaced=False)
_ROLES = api_resource(_API, "Role", "roles")
_BINDINGS = api_resource(_API, "RoleBinding", "rolebindings")
_roles = StructDecoder(Role)
_bindings = StructDecoder(Binding)


async def read_policy(cluster: Cluster, *, namespaces: Sequence[str] = ()) -> Policy:
    """What RBAC says there. What may not be read becomes one of the policy's ``gaps``.

    ``namespaces``: asked one by one where reading all of them is forbidden. Raises KubeError for everything
    but a refusal.
    """
    reader = _Reader(cluster, namespaces)
    cluster_roles, roles, cluster_bindings, bindings = await asyncio.gather(
        reader.of(_CLUSTER_ROLES, _roles),
        reader.of(_ROLES, _roles),
        reader.of(_CLUSTER_BINDINGS, _bindings),
        reader.of(_BINDINGS, _bindings),
    )
    found_roles = cast("list[Role]", roles)
    return Policy(
        cluster_roles={role.metadata.name: role for role in cast("list[Role]", cluster_roles)},
        roles={(role.metadata.namespace, role.metadata.name): role for role in found_roles},
        cluster_bindings=cast("list[Binding]", cluster_bindings),
        bindings=cast("list[Binding]", bindings),
        gaps=tuple(sorted(reader.gaps)),
    )


class _Reader:
    def __init__(self, cluster: Cluster, namespaces: Sequence[str]) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self.gaps: list[SafeStr] = []

    async def of(self, resource: ApiResource, decoder: StructDecoder) -> list[object]:
        """All objects of a kind that may be read."""
        try:
            return await self._list(resource, decoder, None)
        except Forbidden:
            if not resource.namespaced or not self._namespaces:
                self.gaps.append(safe_text(f"{resource.plural} may not be read"))
                return []
        found: list[object] = []
        refused = []
        for namespace in self._namespaces:
            try:
                found += await self._list(resource, decoder, namespace)
            except Forbidden:
                refused.append(namespace)
        read = [namespace for namespace in self._namespaces if namespace not in refused]
        where = f"read in {', '.join(read)} only" if read else "may not be read"
        self.gaps.append(safe_text(f"{resource.plural} {where}"))
        return found

    async def _list(
        self, resource: ApiResource, decoder: StructDecoder, namespace: str | None
    ) -> list[object]:
        listing = await collect(
            self._cluster.client, resource, decoder, scope=Scope(namespace=namespace), limit=0
        )
        if listing.skipped:
            self.gaps.append(safe_text(f"{listing.skipped} {resource.plural} could not be understood"))
        return list(listing.items)
