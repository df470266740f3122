"""Server-side Tables (meta.k8s.io/v1): what ``kubectl get`` and the console's generic view read."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from backend.demo.ages import age
from backend.demo.catalog import Resource, recorded
from backend.demo.printers import cells_by_resource
from backend.demo.store import Stored

_PLAIN = "rbac.authorization.k8s.io/roles"
"""A resource without a printer on the real server: its recorded columns are those of every such resource."""
_PHASES = {
    "Succeeded": ("Succeeded", "The pod has completed successfully."),
    "Failed": ("Failed", "The pod failed."),
}
_PHASE = re.compile(rb'"phase":"(Succeeded|Failed)"')


def columns(resource: Resource, custom: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The column definitions: of the CRD if it is custom, recorded from the real server otherwise."""
    if resource.custom:
        return custom_columns(custom or [])
    known: dict[str, list[dict[str, Any]]] = recorded("columns.json.xz")
    printed = resource.key in known and resource.key in cells_by_resource()
    return known[resource.key if printed else _PLAIN]


def custom_columns(printer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    definitions: list[dict[str, Any]] = [recorded("columns.json.xz")[_PLAIN][0]]
    for column in printer:
        definitions.append(
            {
                "name": column["name"],
                "type": column["type"],
                "format": column.get("format", ""),
                "description": column.get("description")
                or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}",
                "priority": column.get("priority", 0),
            }
        )
    return definitions


def table(
    resource: Resource,
    stored: list[Stored],
    *,
    include: str,
    version: str,
    metadata: dict[str, Any],
    custom: list[dict[str, Any]] | None = None,
    with_columns: bool = True,
) -> bytes:
    """One Table. ``include`` is None, Metadata or Object; ``metadata`` is the list's."""
    rows = b",".join(_row(resource, item, include=include, version=version, custom=custom) for item in stored)
    head = {"kind": "Table", "apiVersion": f"meta.k8s.io/{version}", "metadata": metadata}
    definitions = columns(resource, custom) if with_columns else None
    encode = msgspec.json.encode
    return encode(head)[:-1] + b',"columnDefinitions":' + encode(definitions) + b',"rows":[' + rows + b"]}"


def cells(resource: Resource, obj: dict[str, Any], custom: list[dict[str, Any]] | None) -> list[Any]:
    """The cells of one object: by its printer, its CRD's columns, or the default table's two."""
    name = obj["metadata"]["name"]
    if resource.custom:
        return [name, *(_custom_cell(obj, column) for column in custom or [])]
    printer = cells_by_resource().get(resource.key)
    return printer(obj) if printer else [name, obj["metadata"].get("creationTimestamp")]


def _row(
    resource: Resource,
    item: Stored,
    *,
    include: str,
    version: str,
    custom: list[dict[str, Any]] | None,
) -> bytes:
    obj = item.object()
    row = b'{"cells":' + msgspec.json.encode(cells(resource, obj, custom))
    if resource.key == "pods" and (found := _PHASE.search(item.body)):
        reason, message = _PHASES[found[1].decode()]
        condition = {"type": "Completed", "status": "True", "reason": reason, "message": message}
        row += b',"conditions":' + msgspec.json.encode([condition])
    return row + b',"object":' + _row_object(resource, item, obj, include, version) + b"}"


def _row_object(resource: Resource, item: Stored, obj: dict[str, Any], include: str, version: str) -> bytes:
    if include == "None":
        return b"null"
    if include == "Object":
        return whole(resource, item)
    return partial(obj["metadata"], version)


def whole(resource: Resource, item: Stored) -> bytes:
    """The object as a single GET answers it."""
    head = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()
    return head + item.body[1:]


def partial(metadata: dict[str, Any], version: str) -> bytes:
    """A PartialObjectMetadata."""
    return msgspec.json.encode(
        {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}", "metadata": metadata}
    )


def _custom_cell(obj: dict[str, Any], column: dict[str, Any]) -> Any:
    value = _json_path(obj, column["jsonPath"])
    if value is None:
        return "<unknown>" if column["type"] == "date" else None
    if column["type"] == "date":
        return age(str(value))
    if column["type"] == "string" and not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return value


_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\?\(@\.(\w+)==[\"']([^\"']*)[\"']\)\]")


def _json_path(obj: dict[str, Any], path: str) -> Any:
    """The part of JSONPath that printer columns use: fields, indexes, one-field filters."""
    value: Any = obj
    for field, index, key, wanted in _STEP.findall(path):
        if field:
            value = value.get(field) if isinstance(value, dict) else None
        elif index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        elif isinstance(value, list):
            value = next((item for item in value if str(item.get(key)) == wanted), None)
        if value is None:
            return None
    return value
