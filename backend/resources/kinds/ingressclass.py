"""Ingress classes."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    Kind,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)


class Parameters(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    kind: str = ""
    name: str = ""
    api_group: str | None = None


class IngressClassSpec(msgspec.Struct, frozen=True, gc=False):
    controller: str = ""
    parameters: Parameters | None = None


class IngressClass(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: IngressClassSpec = IngressClassSpec()


def _parameters(ingress_class: IngressClass) -> str:
    found = ingress_class.spec.parameters
    if found is None:
        return "<none>"
    group = f".{found.api_group}" if found.api_group is not None else ""
    return f"{found.kind}{group}/{found.name}"


KIND = Kind(
    resource=api_resource("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False),
    wire=IngressClass,
    columns=(
        name_column(),
        text_column("CONTROLLER", "spec.controller", priority=0),
        computed_column("PARAMETERS", _parameters),
        age_column(),
    ),
)
