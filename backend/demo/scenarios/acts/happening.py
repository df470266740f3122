"""What every act of a story has: when, how often, and on which clusters."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import msgspec

from backend.demo.controllers.plane import ControlPlane

_TIME = re.compile(r"^(-?)(\d+(?:\.\d+)?)(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NTH = re.compile(r"^([1-9]\d?)/([1-9]\d?)$")


class Happening(msgspec.Struct, tag_field="do", forbid_unknown_fields=True, rename="kebab", kw_only=True):
    at: str = "0s"
    """When, from the demo's start: ``90s``, ``5m``; with a minus it has happened before, ``-3h``."""
    every: str = ""
    """Again and again, with such pauses: ``10s`` or ``8s..25s``."""
    clusters: str = "*"
    """Which clusters: names and globs with commas between, or ``2/3``: of every three the second."""

    def __post_init__(self) -> None:
        seconds_of(self.at)
        if self.every:
            pauses(self.every)

    def concerns(self, name: str, number: int) -> bool:
        """Whether it happens on this cluster, whose number in the fleet counts from 0."""
        if nth := _NTH.match(self.clusters):
            place, of = int(nth[1]), int(nth[2])
            return number % of == place - 1
        return any(fnmatchcase(name, glob.strip()) for glob in self.clusters.split(","))

    def happen(self, plane: ControlPlane) -> None:
        """Do it, at the cluster's moment."""
        raise NotImplementedError


def seconds_of(text: str) -> float:
    """``-3h`` as seconds. Raises ValueError."""
    found = _TIME.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no time; write 90s, 5m, -3h, 2d")
    return (-1 if found[1] else 1) * float(found[2]) * _SECONDS[found[3]]


def pauses(text: str) -> tuple[float, float]:
    """``8s..25s`` as the shortest and the longest pause. Raises ValueError."""
    low, dots, high = text.partition("..")
    shortest = seconds_of(low)
    longest = seconds_of(high) if dots else shortest
    if not 0 < shortest <= longest:
        raise ValueError(f"{text!r}: a pause is longer than nothing, and the first the shorter one")
    return shortest, longest
