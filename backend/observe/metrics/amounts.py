"""Amounts of CPU and memory: read from quantities, checked for sense, written as short as people say them."""

from __future__ import annotations

import math
from functools import lru_cache

from backend.resources.quantity import parse_quantity

MOST_CORES = 1e5
"""More than any machine has: such a number is a mistake or a lie, and is left out."""
MOST_BYTES = 2.0**60
_NANO, _KIBI = 1e-9, 1024.0


class Senseless(ValueError):
    """A measurement that can't be one: negative, not a number, or more than any machine has."""


def cores(quantity: str) -> float:
    """CPU in cores. Raises Senseless; also for what is no quantity."""
    if quantity[-1:] == "n" and quantity[:-1].isdigit() and quantity.isascii() and len(quantity) < 30:
        return sensible(int(quantity[:-1]) * _NANO, MOST_CORES)
    return _parsed(quantity, MOST_CORES)


def octets(quantity: str) -> float:
    """Memory in bytes. Raises Senseless; also for what is no quantity."""
    if quantity[-2:] == "Ki" and quantity[:-2].isdigit() and quantity.isascii() and len(quantity) < 30:
        return sensible(int(quantity[:-2]) * _KIBI, MOST_BYTES)
    return _parsed(quantity, MOST_BYTES)


def sensible(number: float, most: float) -> float:
    """The number itself. Raises Senseless."""
    if not 0 <= number <= most:  # false for NaN too
        raise Senseless(f"{number} is no measurement")
    return number


def _parsed(quantity: str, most: float) -> float:
    try:
        return sensible(float(parse_quantity(quantity)), most)
    except (ValueError, OverflowError):
        raise Senseless(f"{quantity[:40]!r} is no measurement") from None


@lru_cache(maxsize=1024)
def window_seconds(text: str) -> float:
    """A Go duration such as ``15.2s`` or ``1m0s`` in seconds; 0.0 when it can't be read."""
    total, number = 0.0, ""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    at = 0
    text = text[:40]
    while at < len(text):
        if text[at].isdigit() or text[at] == ".":
            number += text[at]
            at += 1
            continue
        unit = text[at : at + 2] if text[at : at + 2] in units else text[at]
        try:
            total += float(number) * units[unit]
        except (ValueError, KeyError):
            return 0.0
        number, at = "", at + len(unit)
    return total if not number and math.isfinite(total) else 0.0


def cpu_text(cores: float | None) -> str:
    """``0m``, ``12m``, ``1.5``, ``320``; ``-`` when it is not known."""
    if cores is None:
        return "-"
    if cores < 0.9995:
        return f"{_up(cores * 1000)}m"
    return f"{cores:.1f}" if cores < 99.95 else f"{cores:.0f}"


def memory_text(octets: float | None) -> str:
    """Binary units, three figures at most: ``96M``, ``1.5G``; ``-`` when it is not known."""
    if octets is None:
        return "-"
    number, units = octets, iter(("K", "M", "G", "T", "P"))
    unit = ""
    while number >= 999.5 and (larger := next(units, "")):
        number, unit = number / 1024, larger
    return f"{number:.1f}{unit}" if unit and number < 9.95 else f"{number:.0f}{unit}"


def millicores(cores: float | None) -> str:
    """As ``kubectl top`` writes CPU: ``1234m``, rounded up."""
    return "-" if cores is None else f"{_up(cores * 1000)}m"


def in_millicores(cores: float | None) -> float | None:
    """The cores that :func:`millicores` writes: of these ``kubectl top`` tells the share."""
    return None if cores is None else _up(cores * 1000) / 1000


def mebibytes(octets: float | None) -> str:
    """As ``kubectl top`` writes memory: ``96Mi``, rounded down."""
    return "-" if octets is None else f"{int(octets / 2**20)}Mi"


def rate_text(octets: float | None) -> str:
    """Bytes a second: ``1.5M/s``."""
    return "-" if octets is None else f"{memory_text(octets)}/s"


def percent(part: float | None, whole: float | None) -> str:
    """``42%``, rounded down as kubectl does; ``-`` when either is not known, or there is nothing to be a part
    of."""
    known = share(part, whole)
    return "-" if known is None else f"{int(known * 100 + 1e-9)}%" if known < 100 else ">9999%"


def share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _up(number: float) -> int:
    """Rounded up as Go's MilliValue does, but for the noise of binary fractions."""
    return math.ceil(round(number, 6))
