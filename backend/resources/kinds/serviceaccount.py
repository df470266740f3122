"""Service accounts."""

from __future__ import annotations

from backend.resources.kind import Kind, age_column, api_resource, name_column
from backend.resources.plain import PlainObject

KIND = Kind(
    resource=api_resource("v1", "ServiceAccount", "serviceaccounts", "sa"),
    wire=PlainObject,
    columns=(name_column(), age_column()),
)
