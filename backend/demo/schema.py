"""Types of API objects, read from the recorded OpenAPI v3 documents and from CRDs.

Strategic merge, server-side apply and field validation all ask the same few questions of a type: what is
this field, is this list a map, which keys name its items.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from backend.demo.catalog import Resource, openapi_v3

if TYPE_CHECKING:
    from backend.demo.cluster import Cluster

_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_REF = "#/components/schemas/"


@cache
def _definitions(path: str) -> dict[str, Any]:
    body = openapi_v3(path)
    found: dict[str, Any] = msgspec.json.decode(body)["components"]["schemas"] if body else {}
    return found


@cache
def _by_kind(path: str, kind: str) -> str | None:
    for name, schema in _definitions(path).items():
        for identity in schema.get("x-kubernetes-group-version-kind") or ():
            if identity["kind"] == kind and path.endswith(identity["version"]):
                return name
    return None


class Schema:
    """One type. A missing one (``Schema({}, {})``) answers as if everything were allowed and atomic-free."""

    __slots__ = ("_definitions", "node")

    def __init__(self, node: dict[str, Any], definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self.node = self._resolve(node)

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow ``$ref`` and the ``allOf`` around it; words beside the reference win."""
        merged = dict(node)
        for part in (node, *(node.get("allOf") or ())):
            reference = part.get("$ref", "")
            if reference.startswith(_REF):
                merged = {**self._definitions.get(reference.removeprefix(_REF), {}), **merged}
        return merged

    def field(self, name: str) -> Schema | None:
        """The type of a field; None if the type has no such field."""
        known = (self.node.get("properties") or {}).get(name)
        if known is None:
            known = self.node.get("additionalProperties")
            known = {} if known is True else known
        if known is None:
            return Schema({}, self._definitions) if self.open else None
        return Schema(known, self._definitions)

    def items(self) -> Schema:
        return Schema(self.node.get("items") or {}, self._definitions)

    @property
    def open(self) -> bool:
        """Whether unknown fields are allowed: untyped, or told to preserve them."""
        if self.node.get("x-kubernetes-preserve-unknown-fields") or "x-kubernetes-int-or-string" in self.node:
            return True
        return not (self.node.get("properties") or self.node.get("additionalProperties"))

    @property
    def is_map(self) -> bool:
        """A free map (labels) as opposed to a struct."""
        return "additionalProperties" in self.node and not self.node.get("properties")

    @property
    def atomic(self) -> bool:
        return self.node.get("x-kubernetes-map-type") == "atomic"

    @property
    def list_type(self) -> str:
        """``map``, ``set`` or ``atomic`` (the default), for server-side apply."""
        return str(self.node.get("x-kubernetes-list-type", "atomic"))

    @property
    def list_keys(self) -> list[str]:
        return list(self.node.get("x-kubernetes-list-map-keys") or ())

    @property
    def merge_key(self) -> str:
        """The key of strategic merge patch for a list of objects, or ''."""
        return str(self.node.get("x-kubernetes-patch-merge-key", ""))

    @property
    def patch_strategies(self) -> list[str]:
        return str(self.node.get("x-kubernetes-patch-strategy", "")).split(",")

    def default_of(self, name: str) -> Any:
        """The default of a list item's key field (``protocol: TCP``), or None."""
        properties = self.node.get("properties") or {}
        return (properties.get(name) or {}).get("default")


def schema_of(cluster: Cluster, resource: Resource, *, kind: str = "") -> Schema:
    """The type of a resource's objects (``kind`` overrides: a subresource's, such as Scale)."""
    kind = kind or resource.kind
    if resource.custom:
        node = cluster.custom_schemas.get((resource.group, resource.version, kind), {})
        core = _definitions("api/v1")
        properties = {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            **(node.get("properties") or {}),
            "metadata": {"$ref": _REF + _META},
        }
        return Schema({**node, "properties": properties}, core)
    path = f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"
    name = _by_kind(path, kind)
    return Schema(_definitions(path)[name] if name else {}, _definitions(path))


def unknown_fields(schema: Schema, value: Any, path: str = "") -> list[str]:
    """Paths that the type does not have, as strict validation names them: ``spec.containers[0].foo``."""
    found: list[str] = []
    if isinstance(value, dict) and (schema.node.get("properties") or schema.node.get("additionalProperties")):
        for name, part in value.items():
            child = schema.field(name)
            where = f"{path}.{name}" if path else name
            if child is None:
                found.append(where)
            else:
                found.extend(unknown_fields(child, part, where))
    elif isinstance(value, list) and schema.node.get("items"):
        items = schema.items()
        for position, part in enumerate(value):
            found.extend(unknown_fields(items, part, f"{path}[{position}]"))
    return found


def drop_unknown(schema: Schema, value: Any) -> None:
    """Remove what the type does not have, as decoding into a Go struct does."""
    if isinstance(value, dict) and (schema.node.get("properties") or schema.node.get("additionalProperties")):
        for name in list(value):
            child = schema.field(name)
            if child is None:
                del value[name]
            else:
                drop_unknown(child, value[name])
    elif isinstance(value, list) and schema.node.get("items"):
        for part in value:
            drop_unknown(schema.items(), part)


def drop_empty(schema: Schema, value: Any) -> None:
    """Remove optional maps and lists that are empty: their Go fields are omitted when empty."""
    if isinstance(value, dict):
        required = schema.node.get("required") or ()
        for name in list(value):
            child = schema.field(name)
            if child is None:
                continue
            drop_empty(child, value[name])
            optional = child.is_map or child.node.get("type") == "array"
            if value[name] in ({}, []) and optional and name not in required:
                del value[name]
    elif isinstance(value, list):
        for part in value:
            drop_empty(schema.items(), part)


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def wrong_type(schema: Schema, value: Any, path: str = "") -> str:
    """The first place where a value's JSON type is not the schema's: ``spec.replicas``, or ''."""
    kind = schema.node.get("type", "")
    loose = schema.node.get("format") == "int-or-string" or schema.node.get("oneOf")
    if value is None or loose:
        return ""
    if kind in _TYPES:
        numeric_bool = isinstance(value, bool) and kind in ("integer", "number")
        if numeric_bool or not isinstance(value, _TYPES[kind]):
            return path or "."
    if isinstance(value, dict):
        for name, part in value.items():
            child = schema.field(name)
            if child and (bad := wrong_type(child, part, f"{path}.{name}" if path else name)):
                return bad
    elif isinstance(value, list):
        for part in value:
            if bad := wrong_type(schema.items(), part, path):
                return bad
    return ""
