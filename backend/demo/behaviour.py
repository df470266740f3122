"""How the programs inside simulated containers behave, by image.

The fate of a container follows from what its spec says, as in life: a rollback to the former image ends a
crash loop, a larger memory limit ends the OOM kills, a corrected tag ends ImagePullBackOff.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from backend.demo.quantities import quantity

Fate = Literal["runs", "crashes", "oom", "missing", "unready", "completes", "fails"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a container of one image."""

    fate: Fate = "runs"
    after: float = 8.0
    """Seconds from start until it crashes, is killed, completes or fails."""
    ready_after: float = 3.0
    memory: str = ""
    """Memory that it needs; below its limit it runs, above it is OOM-killed after ``after`` seconds."""
    exit_code: int = 1


RUNS = Behaviour()


@dataclass(slots=True)
class Behaviours:
    """Image -> behaviour of one cluster; unknown images run."""

    by_image: dict[str, Behaviour] = field(default_factory=dict)

    def of(self, container: dict[str, Any], *, job: bool = False) -> Behaviour:
        """The behaviour of a container of a pod (``job``: whose restart policy lets it end)."""
        image = container.get("image", "")
        known = self.by_image.get(image)
        if known is None:
            return _guess(container, job=job)
        if known.memory:
            limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
            if limit is None or quantity(limit) >= quantity(known.memory):
                return RUNS
        return known


def _guess(container: dict[str, Any], *, job: bool) -> Behaviour:
    """A user's own image: commands and tags that tell what they are meant to show."""
    command = " ".join((*(container.get("command") or ()), *(container.get("args") or ())))
    tag = container.get("image", "").rpartition(":")[2]
    if "does-not-exist" in tag or tag in ("missing", "broken"):
        return Behaviour(fate="missing")
    if command in ("false", "/bin/false") or "exit 1" in command:
        return Behaviour(fate="fails" if job else "crashes", after=2.0)
    if job or command in ("true", "/bin/true"):
        return Behaviour(fate="completes", after=5.0)
    return RUNS
