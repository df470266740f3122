"""What objects have to do with each other, declared by kind; the folder is scanned."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from backend.resources.relations.relation import Obj, Relation, Relations

__all__ = ["Relation", "relations_of"]

_PARTS = frozenset({"relation", "pod_spec"})
"""What the kinds' files are made of."""


def relations_of(obj: Obj, full_name: str) -> list[Relation]:
    """What an object of a kind refers to, and what is to be looked for. The object names its kind."""
    declared = _declared().get(full_name)
    return list(declared(obj)) if declared is not None else []


@cache
def _declared() -> dict[str, Relations]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _PARTS]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in sorted(names)]
    return {kind: module.relations for module in modules for kind in module.KINDS}
