"""Acts that change a cluster: previewed on the object as it is now, guarded, journalled. One file an act."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from backend.fleet.acts.act import Act, Already, JournalLike, Plan, Question, Refused
from backend.fleet.acts.carrying import carry_out, preview

__all__ = [
    "Act",
    "Already",
    "JournalLike",
    "Plan",
    "Question",
    "Refused",
    "acts",
    "carry_out",
    "named",
    "preview",
]

_PARTS = frozenset({"act", "carrying", "steps"})
"""What all acts are made of."""


@cache
def acts() -> dict[str, Act]:
    """Every act by its id, in the order of their files' names."""
    found = (module.name for module in pkgutil.iter_modules(__path__) if module.name not in _PARTS)
    return {act.id: act for act in map(_load, sorted(found))}


def named(id: str) -> Act:
    """The act of this id. Raises KeyError."""
    return acts()[id]


def _load(name: str) -> Act:
    act = importlib.import_module(f"{__name__}.{name}").ACT
    if not isinstance(act, Act):
        raise TypeError(f"{__name__}.{name}.ACT is no Act")
    return act
