"""Gateway classes (gateway.networking.k8s.io)."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.gateway import ConditionsOnly, assess_conditions, status_column
from backend.resources.kind import Kind, Verdict, age_column, api_resource, name_column, text_column


class GatewayClassSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    controller_name: str = ""
    description: str = ""


class GatewayClass(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: GatewayClassSpec = GatewayClassSpec()
    status: ConditionsOnly = ConditionsOnly()


def _assess(gateway_class: GatewayClass) -> Verdict:
    return assess_conditions(gateway_class.status.conditions, "Accepted")


KIND = Kind(
    resource=api_resource(
        "gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses", "gc", namespaced=False
    ),
    custom=True,
    wire=GatewayClass,
    assess=_assess,
    columns=(
        name_column(),
        text_column("CONTROLLER", "spec.controller_name"),
        status_column("ACCEPTED", "Accepted"),
        age_column(),
        text_column("DESCRIPTION", "spec.description", wide=True, priority=4),
    ),
)
