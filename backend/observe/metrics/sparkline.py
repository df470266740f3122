"""A few measurements as a row of bars, one cell each."""

from __future__ import annotations

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], *, full: float | None = None, width: int) -> str:
    """The last ``width`` values, the newest at the right; padded with blanks where there are fewer.

    ``full``: what the highest bar stands for, unless a value is larger: what was asked for, so that low bars
    mean that little of it is used. None: the largest value. NaN is a blank.
    """
    shown = list(values)[-width:]
    known = [value for value in shown if not math.isnan(value)]
    top = max([*known, full or 0.0], default=0.0)
    bars = "".join(_bar(value, top) for value in shown)
    return bars.rjust(width)


def _bar(value: float, top: float) -> str:
    if math.isnan(value):
        return " "
    if top <= 0:
        return BARS[0]
    return BARS[min(len(BARS) - 1, int(value / top * len(BARS)))]
