"""What a kind says about other objects that an object has to do with: data, not questions to a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Obj = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Either one object by its name, or those of a list that labels, fields or ``keep`` choose."""

    role: str
    """What they are to the object: ``volume``, ``pods``, ``used by``."""
    kind: str
    """Full name: ``pods``, ``deployments.apps``."""
    namespace: str = ""
    """Empty for kinds of the whole cluster, and for lists over all namespaces."""
    name: str = ""
    optional: bool = False
    """The object does without it if it is missing."""
    labels: str = ""
    fields: str = ""
    keep: Callable[[Obj], bool] | None = None


def part(obj: object, *path: str) -> Any:
    """The value at a path; an empty mapping where there is none."""
    for step in path:
        obj = obj.get(step) if isinstance(obj, Mapping) else None
    return {} if obj is None else obj


def namespace_of(obj: Obj) -> str:
    return str(part(obj, "metadata", "namespace") or "")


def name_of(obj: Obj) -> str:
    return str(part(obj, "metadata", "name") or "")


def owned(obj: Obj, kind: str, role: str) -> Relation:
    """Objects of a kind that name this one as an owner."""
    uid = part(obj, "metadata", "uid")

    def keep(other: Obj) -> bool:
        return any(owner.get("uid") == uid for owner in part(other, "metadata", "ownerReferences"))

    return Relation(role=role, kind=kind, namespace=namespace_of(obj), keep=keep)


def selector_text(selector: Obj) -> str:
    """A LabelSelector as the API's query takes it; empty when it selects nothing or can't be written."""
    terms = [f"{key}={value}" for key, value in sorted(part(selector, "matchLabels").items())]
    for need in part(selector, "matchExpressions") or ():
        key, operator, values = need.get("key"), need.get("operator"), need.get("values") or ()
        match operator:
            case "In" | "NotIn":
                terms.append(f"{key} {operator.lower()} ({','.join(values)})")
            case "Exists":
                terms.append(str(key))
            case "DoesNotExist":
                terms.append(f"!{key}")
    return ",".join(terms)


def selects(labels: Obj) -> Callable[[Obj], bool]:
    """Keeps services whose selector takes in pods with these labels."""

    def keep(service: Obj) -> bool:
        wanted = part(service, "spec", "selector")
        return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())

    return keep


Relations = Callable[[Obj], Iterable[Relation]]
