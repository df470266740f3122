"""Cluster roles."""

from __future__ import annotations

from backend.resources.kind import Kind, api_resource, created_at_column, name_column
from backend.resources.plain import PlainObject

KIND = Kind(
    resource=api_resource("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False),
    wire=PlainObject,
    columns=(name_column(), created_at_column()),
)
