"""Endpoints: what endpoint slices replaced; still written for every service."""

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
)


class EndpointAddress(msgspec.Struct, frozen=True, gc=False):
    ip: str = ""


class EndpointPort(msgspec.Struct, frozen=True, gc=False):
    port: int = 0


class EndpointSubset(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    addresses: list[EndpointAddress] | None = None
    not_ready_addresses: list[EndpointAddress] | None = None
    ports: list[EndpointPort] | None = None


class Endpoints(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    subsets: list[EndpointSubset] | None = None


def _endpoints(endpoints: Endpoints) -> str:
    if not endpoints.subsets:
        return "<none>"
    return first_few([text for subset in endpoints.subsets for text in _reached(subset)], none="")


def _reached(subset: EndpointSubset) -> list[str]:
    """Every address with every port; addresses alone where no port is named (headless services)."""
    addresses = [address.ip for address in subset.addresses or ()]
    if not subset.ports:
        return addresses
    return [f"{_host(ip)}:{port.port}" for port in subset.ports for ip in addresses]


def _host(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip


def _assess(endpoints: Endpoints) -> Verdict:
    ready = sum(len(subset.addresses or ()) for subset in endpoints.subsets or ())
    unready = sum(len(subset.not_ready_addresses or ()) for subset in endpoints.subsets or ())
    if unready:
        return Verdict(Health.WARNING, f"{unready} of {ready + unready} addresses not ready")
    return OK if ready else Verdict(Health.DONE, "no endpoints")


KIND = Kind(
    resource=api_resource("v1", "Endpoints", "endpoints", "ep"),
    wire=Endpoints,
    assess=_assess,
    columns=(name_column(), computed_column("ENDPOINTS", _endpoints, priority=0), age_column()),
)
