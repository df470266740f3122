"""Tables as a v1.35 API server writes them, and servers that write none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.kube.errors import Malformed
from backend.kube.table import TableDecoder, TableItem, cell_text

COLUMNS = [
    {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
    {"name": "Ready", "type": "integer", "format": "", "description": "", "priority": 0},
    {"name": "Node", "type": "string", "format": "", "description": "", "priority": 1},
]


def row(name: str, *cells: object) -> dict[str, Any]:
    meta = {"name": name, "namespace": "n", "uid": f"u-{name}", "resourceVersion": "5"}
    return {"cells": [name, *cells], "object": {"kind": "PartialObjectMetadata", "metadata": meta}}


def table(*rows: object, columns: object = COLUMNS, **meta: object) -> dict[str, Any]:
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "9", **meta}}
    return {**head, "columnDefinitions": columns, "rows": list(rows)}


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def test_rows_have_the_servers_columns_and_the_objects_metadata() -> None:
    decoder = TableDecoder()
    page = decoder.page(body(table(row("a", 3, "node-1"), **{"continue": "tok", "remainingItemCount": 2})))

    assert [(column.name, column.priority) for column in decoder.columns] == [
        ("Name", 0),
        ("Ready", 0),
        ("Node", 1),
    ]
    (item,) = page.items
    assert isinstance(item, TableItem)
    assert (item.metadata.namespace, item.metadata.uid, item.cells) == ("n", "u-a", ("a", 3, "node-1"))
    assert (page.continue_token, page.remaining, page.resource_version) == ("tok", 2, "9")


def test_odd_rows_are_left_out_and_counted() -> None:
    page = TableDecoder().page(body(table(row("a", 1, "x"), {"cells": "none"}, 7, row("b", 1, "x"))))

    assert [item.metadata.name for item in page.items] == ["a", "b"]
    assert page.skipped == 2


def test_a_watch_learns_from_each_event_and_takes_the_version_of_a_bookmarks_dummy_row() -> None:
    decoder = TableDecoder()
    added = decoder.event(body({"type": "ADDED", "object": table(row("a", 1, "x"))}))
    later = decoder.event(body({"type": "MODIFIED", "object": table(row("a", 2, "x"), columns=None)}))
    dummy = {"cells": [], "object": {"kind": "PartialObjectMetadata", "metadata": {"resourceVersion": "88"}}}
    bookmark = decoder.event(body({"type": "BOOKMARK", "object": table(dummy)}))

    assert added.type == "ADDED"
    assert isinstance(later.item, TableItem)
    assert later.item.cells == ("a", 2, "x")
    assert (bookmark.type, bookmark.item, bookmark.resource_version) == ("BOOKMARK", None, "88")


def test_an_error_event_of_a_table_watch_is_a_plain_status() -> None:
    event = TableDecoder().event(body({"type": "ERROR", "object": {"kind": "Status", "code": 410}}))

    assert event.type == "ERROR"
    assert event.status is not None
    assert event.status.code == 410


def test_a_server_without_tables_gives_names() -> None:
    decoder = TableDecoder()
    meta = {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "5"}
    page = decoder.page(
        body({"kind": "OddList", "metadata": {"resourceVersion": "9"}, "items": [{"metadata": meta}]})
    )
    event = decoder.event(body({"type": "DELETED", "object": {"kind": "Odd", "metadata": meta}}))

    assert [column.name for column in decoder.columns] == ["Name"]
    assert isinstance(page.items[0], TableItem)
    assert page.items[0].cells == ("a",)
    assert (event.type, event.resource_version) == ("DELETED", "5")
    assert isinstance(event.item, TableItem)


@pytest.mark.parametrize(
    "document", [{"kind": "Status", "code": 500}, {"kind": "Pod"}, [], {"kind": "Table", "rows": 3}]
)
def test_what_is_neither_table_nor_list_is_malformed(document: object) -> None:
    with pytest.raises(Malformed):
        TableDecoder().page(body(document))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, ""),
        (True, "true"),
        (3, "3"),
        (3.0, "3"),
        (3.5, "3.5"),
        (float("inf"), "inf"),
        ("a\x1b]52;c;x\x07b", "a·b"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_cells_are_shown_as_kubectl_does_and_inert(cell: object, shown: str) -> None:
    assert cell_text(cell) == shown


def test_maps_in_cells_are_json() -> None:
    page = TableDecoder().page(body(table(row("a", {"x": [1]}, "n"))))

    item = page.items[0]
    assert isinstance(item, TableItem)
    assert item.text(1) == '{"x":[1]}'
    assert item.text(7) == ""
