"""Gateways (gateway.networking.k8s.io)."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.gateway import assess_conditions, status_column
from backend.resources.kind import (
    BEING_DELETED,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)
from backend.resources.workload import Condition


class GatewaySpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    gateway_class_name: str = ""


class GatewayAddress(msgspec.Struct, frozen=True, gc=False):
    value: str = ""


class GatewayStatus(msgspec.Struct, frozen=True, gc=False):
    addresses: list[GatewayAddress] | None = None
    conditions: list[Condition] | None = None


class Gateway(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: GatewaySpec = GatewaySpec()
    status: GatewayStatus = GatewayStatus()


def _address(gateway: Gateway) -> str:
    """The first one, as the definition's printer column gives it."""
    return gateway.status.addresses[0].value if gateway.status.addresses else ""


def _assess(gateway: Gateway) -> Verdict:
    if gateway.metadata.deletion_timestamp is not None:
        return BEING_DELETED
    return assess_conditions(gateway.status.conditions, "Accepted", "Programmed")


KIND = Kind(
    resource=api_resource("gateway.networking.k8s.io/v1", "Gateway", "gateways", "gtw"),
    custom=True,
    wire=Gateway,
    assess=_assess,
    columns=(
        name_column(),
        text_column("CLASS", "spec.gateway_class_name", priority=2),
        computed_column("ADDRESS", _address, priority=0),
        status_column("PROGRAMMED", "Programmed"),
        age_column(),
    ),
)
