"""Limit ranges."""

from __future__ import annotations

from backend.resources.kind import Kind, api_resource, created_at_column, name_column
from backend.resources.plain import PlainObject

KIND = Kind(
    resource=api_resource("v1", "LimitRange", "limitranges", "limits"),
    wire=PlainObject,
    columns=(name_column(), created_at_column()),
)
