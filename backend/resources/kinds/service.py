"""Services."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
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
from backend.resources.labels import format_labels
from backend.resources.load_balancer import LoadBalancer, balancer_addresses

NONE = "<none>"


class ServicePort(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    port: int = 0
    node_port: int = 0
    protocol: str = "TCP"


class ServiceSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_ips: list[str] | None = msgspec.field(default=None, name="externalIPs")
    external_name: str = ""
    ports: list[ServicePort] | None = None
    selector: dict[str, str] | None = None


class ServiceStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    load_balancer: LoadBalancer = LoadBalancer()


class Service(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


def external_ip(service: Service) -> str:
    """Where it is reached from outside."""
    external = service.spec.external_ips or []
    match service.spec.type:
        case "ClusterIP" | "NodePort":
            return ",".join(external) or NONE
        case "LoadBalancer":
            return ",".join((*balancer_addresses(service.status.load_balancer), *external)) or "<pending>"
        case "ExternalName":
            return service.spec.external_name
        case _:
            return "<unknown>"


def _ports(service: Service) -> str:
    return ",".join(map(_port, service.spec.ports or ())) or NONE


def _port(port: ServicePort) -> str:
    return (
        f"{port.port}:{port.node_port}/{port.protocol}" if port.node_port else f"{port.port}/{port.protocol}"
    )


def _assess(service: Service) -> Verdict:
    if service.spec.type == "LoadBalancer" and external_ip(service) == "<pending>":
        return Verdict(Health.PROGRESSING, "waits for a load balancer")
    return OK


KIND = Kind(
    resource=api_resource("v1", "Service", "services", "svc"),
    wire=Service,
    assess=_assess,
    columns=(
        name_column(),
        text_column("TYPE", "spec.type"),
        text_column("CLUSTER-IP", "spec.cluster_ip", none=NONE),
        computed_column("EXTERNAL-IP", external_ip),
        computed_column("PORT(S)", _ports),
        age_column(),
        computed_column(
            "SELECTOR", lambda service: format_labels(service.spec.selector), wide=True, priority=4
        ),
    ),
)
