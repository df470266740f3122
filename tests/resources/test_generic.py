"""Kinds that only the server can print."""

from __future__ import annotations

import json

from backend.kube.objects import ApiResource
from backend.resources.generic import GenericDecoder
from backend.resources.kind import Health

CERTIFICATES = ApiResource(
    group="cert.example.com",
    version="v1",
    plural="certificates",
    singular="certificate",
    kind="Certificate",
    namespaced=True,
)


def table(rows: list[list[object]]) -> bytes:
    columns = [
        {"name": "Name", "type": "string", "format": "name", "priority": 0},
        {"name": "Ready", "type": "string", "priority": 0},
        {"name": "Size", "type": "integer", "priority": 1},
        {"name": "Age", "type": "date", "priority": 0},
    ]
    found = [
        {
            "cells": cells,
            "object": {"metadata": {"name": cells[0], "creationTimestamp": "1970-01-02T00:00:00Z"}},
        }
        for cells in rows
    ]
    return json.dumps({"kind": "Table", "metadata": {}, "columnDefinitions": columns, "rows": found}).encode()


def test_columns_come_with_the_first_page() -> None:
    decoder = GenericDecoder(CERTIFICATES)
    before = decoder.kind
    assert [column.name for column in before.columns] == ["NAME", "AGE"]
    page = decoder.page(
        table([["web", "False", 9, "x"], ["db", "True", 10, "y"], ["odd", "Unknown", None, "z"]])
    )
    kind = decoder.kind
    assert kind is not before
    assert decoder.kind is kind
    assert [(c.name, c.wide) for c in kind.columns] == [
        ("NAME", False),
        ("READY", False),
        ("SIZE", True),
        ("AGE", False),
    ]
    web, db, odd = page.items
    assert [column.text(web, 86400.0 + 300) for column in kind.columns] == ["web", "False", "9", "5m"]
    assert [kind.health(item) for item in (web, db, odd)] == [Health.WARNING, Health.OK, Health.UNKNOWN]
    size = kind.column("size")
    assert size is not None
    assert sorted([db, web, odd], key=size.key) == [odd, web, db]
