"""JSON merge patches (RFC 7386): made of two objects, applied, and compared field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that makes ``after`` of ``before``; lists are replaced whole."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if key in before and old == value and type(old) is type(value):
            continue
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            if inner := difference(old, value):
                patch[key] = inner
        elif key in before or value is not None:
            patch[key] = value
    return patch


def merged(target: object, patch: object) -> Any:
    """The target with the patch applied; null removes."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def paths(patch: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """Every field that a patch sets or removes."""
    for key, value in patch.items():
        if isinstance(value, Mapping) and value:
            yield from paths(value, (*above, key))
        else:
            yield (*above, key)


def value_at(obj: object, path: Path) -> object:
    """The value at a path; None when there is none."""
    for step in path:
        if not isinstance(obj, Mapping):
            return None
        obj = obj.get(step)
    return obj


def clashes(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Path]:
    """Fields that both patches change, each to something else, or one of them inside what the other sets."""
    found = []
    others = list(paths(theirs))
    for path in paths(mine):
        for other in others:
            shared = min(len(path), len(other))
            if path[:shared] != other[:shared]:
                continue
            if len(path) != len(other) or value_at(mine, path) != value_at(theirs, path):
                found.append(path)
                break
    return found


def written(path: Path) -> str:
    """``spec.template.metadata.labels``; a step with dots in quotes."""
    return ".".join(f'"{step}"' if "." in step or not step else step for step in path)
