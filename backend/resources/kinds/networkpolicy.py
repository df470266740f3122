"""Network policies."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import Kind, age_column, api_resource, computed_column, name_column
from backend.resources.labels import LabelSelector, format_selector


class NetworkPolicySpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pod_selector: LabelSelector = LabelSelector()


class NetworkPolicy(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: NetworkPolicySpec = NetworkPolicySpec()


KIND = Kind(
    resource=api_resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol"),
    wire=NetworkPolicy,
    columns=(
        name_column(),
        computed_column(
            "POD-SELECTOR", lambda policy: format_selector(policy.spec.pod_selector) or "<none>", priority=0
        ),
        age_column(),
    ),
)
