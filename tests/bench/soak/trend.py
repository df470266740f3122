"""Does a number grow with every restart? By a slope that outliers don't move, and how sure it is.

Theil and Sen: the median of the slopes between all pairs of rests; the bounds are those of Kendall's
statistic at 95 %. A run that is too short has wide bounds, and so is not called flat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.soak.footprint import Footprint

DAY = 288
"""Restarts of a server in 24 hours: one every five minutes."""
SHARE = 0.05
"""By so much of itself a number may grow in a day, at the upper bound."""
_SURE = 1.96
_FEW, _MANY = 2, 0.1


@dataclass(frozen=True, slots=True)
class Trend:
    """Per restart."""

    slope: float
    least: float
    most: float
    level: float
    """The median of what was measured."""

    @property
    def flat(self) -> bool:
        """Even at the upper bound, a day adds next to nothing."""
        return self.most * DAY <= SHARE * self.level

    @property
    def grows(self) -> bool:
        """Even at the lower bound, a day adds more than that."""
        return self.least * DAY > SHARE * self.level


def trend(at: Sequence[float], values: Sequence[float]) -> Trend:
    """Of values measured after so many restarts (``at``, growing). With fewer than four: nothing is sure."""
    slopes = sorted(
        (values[j] - values[i]) / (at[j] - at[i])
        for i in range(len(at))
        for j in range(i + 1, len(at))
        if at[j] > at[i]
    )
    n, pairs = len(at), len(slopes)
    if n < 4 or not slopes:
        return Trend(0.0, -math.inf, math.inf, median(values) if values else 0.0)
    spread = _SURE * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = math.floor((pairs - spread) / 2), math.ceil((pairs + spread) / 2)
    return Trend(
        slope=median(slopes),
        least=slopes[low] if low >= 0 else -math.inf,
        most=slopes[high] if high < pairs else math.inf,
        level=median(values),
    )


@dataclass(frozen=True, slots=True)
class Growth:
    """Over the second half of a run: the first fills caches, pools and the allocator's arenas."""

    memory: Trend
    blocks: Trend
    heap: Trend
    more: dict[str, float]
    """Descriptors, tasks, threads and objects of own types of which the last quarter has more than the one
    before; of objects, only where it is clearly more: two or a tenth."""

    @property
    def flat(self) -> bool:
        return not self.more and all(one.flat for one in (self.memory, self.blocks, self.heap))

    @property
    def verdict(self) -> str:
        """In a sentence."""
        if self.more:
            return f"grows: {', '.join(self.more)}"
        trends = {"memory": self.memory, "blocks": self.blocks, "heap": self.heap}
        if grown := [name for name, one in trends.items() if one.grows]:
            return f"grows: {', '.join(grown)}"
        unsure = [name for name, one in trends.items() if not one.flat]
        return f"too short to say: {', '.join(unsure)}" if unsure else "flat"


def growth(seen: Sequence[Footprint]) -> Growth:
    half = seen[len(seen) // 2 :]
    at = [one.restarts for one in half]
    part = max(1, len(seen) // 4)
    before, after = seen[-2 * part : -part] or seen[:part], seen[-part:]
    more = {}
    for name in ("descriptors", "tasks", "threads"):
        had, has = (median(getattr(one, name) for one in some) for some in (before, after))
        if has > had:
            more[name] = has - had
    for name in sorted({name for one in after for name in one.objects}):
        had, has = (median(one.objects[name] for one in some) for some in (before, after))
        if has - had > max(_FEW, had * _MANY):
            more[name] = has - had
    return Growth(
        memory=trend(at, [one.memory for one in half]),
        blocks=trend(at, [one.blocks for one in half]),
        heap=trend(at, [one.heap for one in half]),
        more=more,
    )
