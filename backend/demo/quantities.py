"""Resource quantities (``500m``, ``1Gi``) as numbers."""

from __future__ import annotations

import re
from functools import lru_cache

_SUFFIX = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}
_QUANTITY = re.compile(r"^([+-]?\d+(?:\.\d+)?)([numkMGT]?|[KMGT]i)$")


@lru_cache(maxsize=4096)
def quantity(text: str | int | float | None) -> float:
    """The number in a quantity; nothing is 0; raises ValueError for what is none."""
    if text is None:
        return 0.0
    found = _QUANTITY.match(str(text))
    if found is None:
        raise ValueError(f"not a quantity: {text!r}")
    return float(found[1]) * _SUFFIX[found[2]]


def in_units(name: str, amount: float) -> str:
    """An amount of a resource as Kubernetes writes it: ``1500m`` of cpu, ``3Gi`` of memory, else a count."""
    if name.endswith("cpu"):
        return f"{amount:.0f}" if amount == int(amount) else f"{amount * 1000:.0f}m"
    if name.endswith(("memory", "storage")):
        for suffix in ("Ti", "Gi", "Mi", "Ki"):
            if amount and amount % _SUFFIX[suffix] == 0:
                return f"{amount / _SUFFIX[suffix]:.0f}{suffix}"
    return f"{amount:.0f}"
