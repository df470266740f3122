"""What a demo is to simulate; apart, so that starting one as a child imports no server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate; the defaults are the demo that a newcomer sees."""

    clusters: int = 3
    pods: int = 48
    """About so many pods in each cluster; edge clusters are smaller."""
    scenario: str = "incident"
    seed: int = 7
    """The same seed gives the same fleet."""
    speed: float = 1.0
    """How much faster than life things happen."""
    faults: tuple[str, ...] = ()
    """What is wrong with the servers: ``prod-*:latency=300ms,status=503,share=20%``."""
    part: int = 0
    parts: int = 1
    """Of ``parts`` processes this one simulates every cluster whose number leaves ``part``."""
