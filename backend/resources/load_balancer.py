"""What a load balancer was given: shared by services and ingresses."""

from __future__ import annotations

import msgspec


class BalancerIngress(msgspec.Struct, frozen=True, gc=False):
    """One way in: core/v1 LoadBalancerIngress."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(msgspec.Struct, frozen=True, gc=False):
    """core/v1 LoadBalancerStatus."""

    ingress: list[BalancerIngress] | None = None


def balancer_addresses(balancer: LoadBalancer) -> list[str]:
    """Its addresses and host names, each once, in order. kubectl cuts them at 16 cells; tables here do."""
    return sorted({entry.ip or entry.hostname for entry in balancer.ingress or ()} - {""})
