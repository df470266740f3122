"""Kubernetes quantities (``500m``, ``1Gi``, ``12e6``) as exact numbers, without a 40 MB import."""

from __future__ import annotations

import re
from decimal import Decimal

# k8s.io/apimachinery/pkg/api/resource: <signedNumber><suffix>, where the suffix is a binary SI, a decimal SI
# or a decimal exponent. "1E" is exa, "1E3" an exponent.
_QUANTITY = re.compile(
    r"([+-]?(?:\d{1,64}\.?\d{0,64}|\.\d{1,64}))(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?", re.ASCII
)
_SCALE: dict[str | None, Decimal] = {
    None: Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def parse_quantity(text: str) -> Decimal:
    """The number that a quantity means: cores, bytes or a count.

    Raises ValueError for anything that the API server would refuse as a quantity.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no quantity")
    number, exponent, suffix = found.groups()
    return Decimal(number + (exponent or "")) * _SCALE[suffix]


def sort_key(text: str) -> Decimal:
    """What a column of quantities sorts by; what can't be read sorts first."""
    try:
        return parse_quantity(text)
    except ValueError:
        return Decimal(-1)
