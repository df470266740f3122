"""Ingresses."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    BEING_DELETED,
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
from backend.resources.load_balancer import LoadBalancer, balancer_addresses

_HOSTS_SHOWN = 3


class IngressRule(msgspec.Struct, frozen=True, gc=False):
    host: str = ""


class IngressTls(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    secret_name: str = ""


class IngressSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    ingress_class_name: str | None = None
    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None


class IngressStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    load_balancer: LoadBalancer = LoadBalancer()


class Ingress(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()


def _hosts(ingress: Ingress) -> str:
    """The first three hosts. As kubectl counts: rules without a host among the rest count too."""
    rules = ingress.spec.rules or []
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == _HOSTS_SHOWN:
            return f"{','.join(hosts)} + {len(rules) - _HOSTS_SHOWN} more..."
        if rule.host:
            hosts.append(rule.host)
    return ",".join(hosts) or "*"


def _address(ingress: Ingress) -> str:
    return ",".join(balancer_addresses(ingress.status.load_balancer))


def _assess(ingress: Ingress) -> Verdict:
    if ingress.metadata.deletion_timestamp is not None:
        return BEING_DELETED
    return OK if _address(ingress) else Verdict(Health.PROGRESSING, "no controller has given it an address")


KIND = Kind(
    resource=api_resource("networking.k8s.io/v1", "Ingress", "ingresses", "ing"),
    wire=Ingress,
    assess=_assess,
    columns=(
        name_column(),
        text_column("CLASS", "spec.ingress_class_name", none="<none>", priority=2),
        computed_column("HOSTS", _hosts, priority=0),
        computed_column("ADDRESS", _address),
        computed_column("PORTS", lambda ingress: "80, 443" if ingress.spec.tls else "80", priority=3),
        age_column(),
    ),
)
