"""Which fields an object has, and who owns them: the field sets of server-side apply (KEP-555).

A set is a set of paths; a path is a tuple of FieldsV1 elements: ``f:name`` a field, ``k:{…}`` a list item by
its keys, ``v:…`` a set's value. An object flattens into paths with values, which makes comparison, merging
and pruning plain set operations.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backend.demo.schema import Schema

Path = tuple[str, ...]
FieldSet = frozenset[Path]
ITEM = object()
"""The value of a path that stands for a list item itself."""
_NEVER_OWNED = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields",
            "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
        )
    ),
}  # fmt: skip


def flatten(value: Any, schema: Schema, *, containers: bool = False) -> dict[Path, Any]:
    """Every leaf of an object by its path, without what nobody may own.

    ``containers`` adds the maps, lists and optional structs themselves, which an update that creates them
    owns (an apply owns only what is in them).
    """
    leaves: dict[Path, Any] = {}
    _walk(value, schema, (), leaves, containers=containers)
    return {path: leaf for path, leaf in leaves.items() if path and path[:2] not in _NEVER_OWNED}


def _walk(
    value: Any,
    schema: Schema,
    path: Path,
    leaves: dict[Path, Any],
    *,
    containers: bool,
    required: bool = True,
) -> None:
    # A struct that is never absent and a required list are never "created", so nobody owns them.
    always = required or schema.node.get("default") == {}
    if containers and not always and isinstance(value, dict | list) and value:
        leaves[path] = ITEM
    if isinstance(value, dict) and value and not schema.atomic:
        needed = schema.node.get("required") or ()
        for name, part in value.items():
            if part is None or (part == {} and name == "metadata"):
                continue
            child = schema.field(name) or Schema({}, {})
            _walk(part, child, (*path, f"f:{name}"), leaves, containers=containers, required=name in needed)
    elif isinstance(value, list) and value and schema.list_type == "map":
        items = schema.items()
        for item in value:
            element = item_element(item, schema)
            leaves[(*path, element)] = ITEM
            if isinstance(item, dict):
                _walk(item, items, (*path, element), leaves, containers=containers)
    elif isinstance(value, list) and value and schema.list_type == "set":
        for item in value:
            leaves[(*path, "v:" + _json(item))] = item
    else:
        leaves[path] = value


def item_element(item: dict[str, Any], schema: Schema) -> str:
    """``k:{"containerPort":80,"protocol":"TCP"}``: an item's keys, defaults filled in."""
    items = schema.items()
    keys = {
        key: item[key] if key in item else items.default_of(key)
        for key in sorted(schema.list_keys)
        if key in item or items.default_of(key) is not None
    }
    return "k:" + _json(keys)


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def encode(paths: FieldSet | set[Path]) -> dict[str, Any]:
    """FieldsV1: a trie whose ``.`` marks a node that is itself a member."""
    root: dict[str, Any] = {}
    prefixes = {path[:length] for path in paths for length in range(1, len(path))}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        if path in prefixes:
            node["."] = {}
    return root


def decode(fields: dict[str, Any]) -> FieldSet:
    found: set[Path] = set()

    def walk(node: dict[str, Any], path: Path) -> None:
        if not node and path:
            found.add(path)
        for element, child in node.items():
            if element == ".":
                found.add(path)
            else:
                walk(child, (*path, element))

    walk(fields, ())
    return frozenset(found)


def ordered(paths: FieldSet | set[Path]) -> list[Path]:
    """Paths in the order in which conflicts list them: a node's own fields before what is below others."""
    firsts = {path[0] for path in paths if len(path) == 1}
    result: list[Path] = [(element,) for element in sorted(firsts)]
    for element in sorted({path[0] for path in paths if len(path) > 1}):
        below = ordered({path[1:] for path in paths if len(path) > 1 and path[0] == element})
        result.extend((element, *rest) for rest in below)
    return result


def shown(path: Path) -> str:
    """``.spec.containers[name="web"].image``, as conflicts name fields."""
    text = ""
    for element in path:
        kind, rest = element[:2], element[2:]
        if kind == "f:":
            text += f".{rest}"
        elif kind == "k:":
            keys = msgspec.json.decode(rest)
            text += "[" + ",".join(f"{key}={_json(value)}" for key, value in sorted(keys.items())) + "]"
        else:
            text += f"[={rest}]"
    return text


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """The live value with an applied configuration laid over it, by the type's list and map rules."""
    if isinstance(applied, dict) and isinstance(live, dict) and not schema.atomic:
        result = dict(live)
        for name, part in applied.items():
            if part is None:
                continue
            child = schema.field(name) or Schema({}, {})
            result[name] = merge(live[name], part, child) if name in live else part
        return result
    if isinstance(applied, list) and isinstance(live, list):
        if schema.list_type == "map":
            return _merge_items(live, applied, schema)
        if schema.list_type == "set":
            return [*live, *(item for item in applied if item not in live)]
    return applied


def _merge_items(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    held = {item_element(item, schema): item for item in live}
    for item in applied:
        element = item_element(item, schema)
        held[element] = merge(held[element], item, schema.items()) if element in held else item
    return list(held.values())


def remove(value: Any, path: Path, schema: Schema) -> None:
    """Take one path out of an object, if it is there; emptied parents go with it."""
    element, rest = path[0], path[1:]
    kind, name = element[:2], element[2:]
    if kind == "f:" and isinstance(value, dict) and name in value:
        child = schema.field(name) or Schema({}, {})
        if rest:
            remove(value[name], rest, child)
        if not rest or value[name] in ({}, []):
            del value[name]
    elif kind == "k:" and isinstance(value, list):
        for item in value:
            if item_element(item, schema) == element:
                if rest:
                    remove(item, rest, schema.items())
                else:
                    value.remove(item)
                return
    elif kind == "v:" and isinstance(value, list):
        wanted = msgspec.json.decode(name)
        if wanted in value:
            value.remove(wanted)
