"""Creates, updates, patches and deletes."""

from __future__ import annotations

from dataclasses import dataclass

from backend.demo.calls import Call
from backend.demo.cluster import Cluster
from backend.demo.status import ApiError


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write answers: HTTP code, JSON body, texts for Warning headers."""

    code: int
    body: bytes
    warnings: tuple[str, ...] = ()


def write(cluster: Cluster, call: Call) -> Answer:
    """Carry out one write."""
    raise ApiError(501, "NotImplemented", f"the demo fleet can't {call.verb} yet")
