"""The three patches of the API: JSON patch (RFC 6902), JSON merge patch (RFC 7386), strategic merge."""

from __future__ import annotations

import copy
from typing import Any

from backend.demo.schema import Schema
from backend.demo.status import ApiError, bad_request

_DIRECTIVE = "$patch"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def json_patch(target: dict[str, Any], patch: Any) -> dict[str, Any]:
    """RFC 6902; raises ApiError 400 for a malformed patch, 422 for one that does not apply."""
    if not isinstance(patch, list):
        raise bad_request("error decoding patch: a JSON patch is a list of operations")
    document: Any = copy.deepcopy(target)
    for operation in patch:
        try:
            document = _operate(document, operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            text = "the server rejected our request due to an error in our request"
            raise ApiError(422, "Invalid", text, details={}) from None
    if not isinstance(document, dict):
        raise bad_request("a JSON patch must leave an object")
    return document


def _operate(document: Any, operation: dict[str, Any]) -> Any:
    name, path = operation["op"], _pointer(operation["path"])
    if name == "test":
        if _find(document, path) != operation["value"]:
            raise ValueError(f"testing value {operation['path']} failed")
        return document
    if name == "remove":
        _take(document, path)
        return document
    if name in ("move", "copy"):
        source = _pointer(operation["from"])
        value = copy.deepcopy(_find(document, source))
        if name == "move":
            _take(document, source)
    elif name in ("add", "replace"):
        value = operation["value"]
        if name == "replace":
            _find(document, path)
    else:
        raise ValueError(f"unexpected kind: {name}")
    return _put(document, path, value, replace=name == "replace")


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError(f"invalid path {text!r}")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _find(document: Any, path: list[str]) -> Any:
    for step in path:
        document = document[_index(step)] if isinstance(document, list) else document[step]
    return document


def _index(step: str) -> int:
    if not step.isdigit():
        raise ValueError(f"invalid array index {step!r}")
    return int(step)


def _take(document: Any, path: list[str]) -> None:
    parent = _find(document, path[:-1])
    del parent[_index(path[-1]) if isinstance(parent, list) else path[-1]]


def _put(document: Any, path: list[str], value: Any, *, replace: bool) -> Any:
    if not path:
        return value
    parent, last = _find(document, path[:-1]), path[-1]
    if not isinstance(parent, list):
        parent[last] = value
    elif replace:
        parent[_index(last)] = value
    elif last == "-":
        parent.append(value)
    else:
        if _index(last) > len(parent):
            raise IndexError(f"index {last} is out of bounds")
        parent.insert(_index(last), value)
    return document


def strategic_merge(target: dict[str, Any], patch: Any, schema: Schema) -> dict[str, Any]:
    """Strategic merge patch with the type's merge keys; raises ApiError 400 for what it can't merge."""
    if not isinstance(patch, dict):
        raise bad_request("a strategic merge patch is an object")
    return _merge_map(copy.deepcopy(target), patch, schema)


def _merge_map(target: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {k: copy.deepcopy(v) for k, v in patch.items() if k != _DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"Unknown patch type: {directive}")
    retained = patch.get(_RETAIN)
    if isinstance(retained, list):
        for name in [name for name in target if name not in retained]:
            del target[name]
    for name, value in patch.items():
        if name.startswith(_DELETE_PRIMITIVES):
            field = name.removeprefix(_DELETE_PRIMITIVES)
            gone = value or ()
            target[field] = [item for item in target.get(field) or () if item not in gone]
        elif name.startswith("$"):
            continue
        elif value is None:
            target.pop(name, None)
        else:
            order = patch.get(_ORDER + name)
            target[name] = _merge_value(target.get(name), value, schema.field(name), order)
    for name, order in patch.items():
        field = name.removeprefix(_ORDER)
        if name.startswith(_ORDER) and field not in patch and isinstance(target.get(field), list):
            child = schema.field(field)
            target[field] = _ordered(target[field], order, child.merge_key if child else "")
    return target


def _merge_value(old: Any, new: Any, schema: Schema | None, order: Any) -> Any:
    schema = schema or Schema({}, {})
    if isinstance(new, dict):
        replaces = schema.atomic and "replace" in schema.patch_strategies
        if "replace" in schema.patch_strategies or replaces:
            return copy.deepcopy(new)
        return _merge_map(old if isinstance(old, dict) else {}, new, schema)
    if isinstance(new, list):
        merged = _merge_list(old if isinstance(old, list) else [], new, schema)
        return _ordered(merged, order, schema.merge_key) if isinstance(order, list) else merged
    return new


def _merge_list(old: list[Any], new: list[Any], schema: Schema) -> list[Any]:
    if "merge" not in schema.patch_strategies:
        return copy.deepcopy(new)
    key = schema.merge_key
    if not key:
        return [*old, *(item for item in new if item not in old)]
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in new):
        return [copy.deepcopy(i) for i in new if not (isinstance(i, dict) and i.get(_DIRECTIVE) == "replace")]
    result = list(old)
    for item in new:
        if not isinstance(item, dict) or key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next((n for n, held in enumerate(result) if held.get(key) == item[key]), None)
        if item.get(_DIRECTIVE) == "delete":
            result = [held for held in result if held.get(key) != item[key]]
        elif place is None:
            result.append(_merge_map({}, item, schema.items()))
        else:
            result[place] = _merge_map(result[place], item, schema.items())
    return result


def _ordered(items: list[Any], order: list[Any], key: str) -> list[Any]:
    """Items in the order asked for; those it doesn't name keep their place after their neighbour."""
    wanted = [entry.get(key) if key and isinstance(entry, dict) else entry for entry in order]

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    ranks: list[tuple[int, int]] = []
    last = -1
    for position, item in enumerate(items):
        if identity(item) in wanted:
            last = wanted.index(identity(item))
        ranks.append((last, position))
    return [item for _, item in sorted(zip(ranks, items, strict=True), key=lambda pair: pair[0])]
