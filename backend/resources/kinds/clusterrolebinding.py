"""Cluster role bindings."""

from __future__ import annotations

from backend.resources.kind import Kind, api_resource
from backend.resources.rbac import Binding, assess_binding, binding_columns

KIND = Kind(
    resource=api_resource(
        "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
    ),
    wire=Binding,
    assess=assess_binding,
    columns=binding_columns(),
)
