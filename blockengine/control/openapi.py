"""The OpenAPI document (3.1), made from the table of operations and the types it names."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from blockengine import VERSION
from blockengine.control.model import Trouble
from blockengine.control.operations import OPERATIONS, Operation

_REF = "#/components/schemas/{name}"


def document() -> dict[str, Any]:
    """The whole document, as plain data."""
    types = {
        kind for operation in OPERATIONS for kind in (operation.takes, operation.answers) if kind is not None
    }
    order = sorted(types | {Trouble}, key=str)
    schemas, components = msgspec.json.schema_components(order, ref_template=_REF)
    by_type = dict(zip(order, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Navarch block engine",
            "version": VERSION,
            "description": "On a UNIX socket that only its user can reach, or over TLS with a bearer token.",
        },
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    trouble = {"description": "What went wrong, and what to do.", "content": _json(schemas[Trouble])}
    fine: dict[str, Any] = {"description": operation.summary}
    if operation.answers is not None:
        fine["content"] = _json(schemas[operation.answers])
    found: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": {"200": fine, "default": trouble},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ] + [
        {"name": query.name, "in": "query", "description": query.summary, "schema": {"type": query.kind}}
        for query in operation.query
    ]
    if parameters:
        found["parameters"] = parameters
    if operation.takes is not None:
        found["requestBody"] = {"required": True, "content": _json(schemas[operation.takes])}
    return found


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
