"""Endpoint slices: where a service's packets go."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.abbreviated import first_few
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)


class EndpointConditions(msgspec.Struct, frozen=True, gc=False):
    """discovery.k8s.io/v1 EndpointConditions; ready is true when it is not said."""

    ready: bool | None = None
    terminating: bool | None = None


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    addresses: list[str] | None = None
    conditions: EndpointConditions = EndpointConditions()


class EndpointPort(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    port: int | None = None


class EndpointSlice(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    metadata: ObjectMeta = ObjectMeta()
    address_type: str = ""
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None


def _port(port: EndpointPort) -> str:
    if port.port is not None:
        return str(port.port)
    return port.name if port.name is not None else "*"


def _endpoints(endpoint_slice: EndpointSlice) -> str:
    return first_few(
        [address for found in endpoint_slice.endpoints or () for address in found.addresses or ()]
    )


def _assess(endpoint_slice: EndpointSlice) -> Verdict:
    """Endpoints that are terminating are expected to be unready."""
    staying = [found for found in endpoint_slice.endpoints or () if not found.conditions.terminating]
    if not staying:
        return Verdict(Health.DONE, "no endpoints")
    unready = sum(found.conditions.ready is False for found in staying)
    return Verdict(Health.WARNING, f"{unready} of {len(staying)} endpoints not ready") if unready else OK


KIND = Kind(
    resource=api_resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    wire=EndpointSlice,
    assess=_assess,
    columns=(
        name_column(),
        text_column("ADDRESSTYPE", "address_type", priority=3),
        computed_column("PORTS", lambda found: first_few([_port(port) for port in found.ports or ()])),
        computed_column("ENDPOINTS", _endpoints, priority=0),
        age_column(),
    ),
)
