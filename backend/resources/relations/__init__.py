"""What objects have to do with each other, declared by kind; the folder is scanned."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from backend.resources.relations.relation import (
    Bond,
    Holder,
    Look,
    Obj,
    Related,
    Relation,
    Relations,
    owners_of,
)

__all__ = ["Bond", "Declared", "Look", "Related", "Relation", "declared", "kinds", "relations_of"]

_PARTS = frozenset({"relation", "pod_spec"})
"""What the kinds' files are made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one file says of a kind."""

    wire: type[Any] = Holder
    """msgspec Struct with what relations are made of; its ``metadata`` is a ``Meta``."""
    relations: Relations = lambda wire: ()
    looks: tuple[Look, ...] = ()
    """Where to look for objects that are related to one of this kind."""
    metadata_only: bool = False
    """Nothing else of it is ever asked of a server: its values stay where they are."""


_NOTHING = Declared()


def declared(full_name: str) -> Declared:
    """What is known of a kind's relations; of kinds without a file, only owners."""
    return _all().get(full_name, _NOTHING)


def kinds() -> tuple[str, ...]:
    """Full names of the kinds that have a file here."""
    return tuple(_all())


def relations_of(obj: Obj, full_name: str) -> list[Relation]:
    """What an object refers to or selects, its owners first. Raises msgspec.ValidationError for a shape that
    no server gives."""
    says = declared(full_name)
    wire = msgspec.convert(obj, says.wire)
    return [*owners_of(wire.metadata), *says.relations(wire)]


@cache
def _all() -> dict[str, Declared]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _PARTS]
    found: dict[str, Declared] = {}
    for name in sorted(names):
        module = importlib.import_module(f"{__name__}.{name}")
        for kind in module.KINDS:
            looks = getattr(module, "LOOKS", ())
            found[kind] = Declared(
                wire=getattr(module, "WIRE", Holder),
                relations=getattr(module, "relations", _NOTHING.relations),
                looks=looks.get(kind, ()) if isinstance(looks, dict) else looks,
                metadata_only=getattr(module, "METADATA_ONLY", False),
            )
    return found
