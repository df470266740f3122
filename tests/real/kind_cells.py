"""Our cells of a kind against the server's own Table, which is what kubectl prints.

Both are read of the same objects at the same resource versions; ages are compared with the second in which
the server answered.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Iterable
from typing import Any

from backend.kube.objects import Page
from backend.kube.table import cell_text
from backend.resources import registry
from backend.resources.kind import Kind
from tests.real.api import Api

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def entry(plural: str) -> Kind:
    """The entry of a kind, custom ones included."""
    return next(kind for kind in registry.kinds() if kind.resource.plural == plural)


def all_compared(api: Api, expected: Iterable[tuple[str, int]], namespace: str) -> None:
    """Compare each kind named; at least so many of its objects must have been seen standing still."""
    for plural, least in expected:
        kind = entry(plural)
        compared = most_compared(api, kind, namespace if kind.resource.namespaced else "", least)
        assert compared >= least, f"{plural}: only {compared} objects kept still"


def cells(kind: Kind, item: Any, now: float) -> list[str]:
    return [column.text(item, now) for column in kind.columns]


def page_of(api: Api, kind: Kind, namespace: str) -> Page:
    """The kind's list, decoded as the program decodes it."""
    path = kind.resource.path(namespace=namespace or None)
    return registry.struct_decoder(kind).page(json.dumps(api.get(path)).encode())


def compare(api: Api, kind: Kind, namespace: str) -> int:
    """Read the objects, then the server's own table of them; compare what did not change in between."""
    path = kind.resource.path(namespace=namespace or None)
    page = page_of(api, kind, namespace)
    assert not page.skipped
    before = time.time()
    table = table_of(api, path)
    after = time.time()
    titles = [definition["name"].upper() for definition in table["columnDefinitions"]]
    assert [column.name for column in kind.columns] == titles
    assert [column.wide for column in kind.columns] == [d["priority"] > 0 for d in table["columnDefinitions"]]
    rows = {row["object"]["metadata"]["name"]: row for row in table["rows"]}
    compared = 0
    for item in page.items:
        row = rows[item.metadata.name]
        if row["object"]["metadata"]["resourceVersion"] != item.metadata.resource_version:
            continue
        theirs = [str(cell_text(cell)) for cell in row["cells"]]
        assert theirs in (cells(kind, item, before), cells(kind, item, after)), item.metadata.name
        compared += 1
    return compared


def table_of(api: Api, path: str) -> dict[str, Any]:
    connection = http.client.HTTPSConnection("127.0.0.1", api._port, context=api._context, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Accept": TABLE})
        found: dict[str, Any] = json.loads(connection.getresponse().read())
    return found


def most_compared(api: Api, kind: Kind, namespace: str, least: int) -> int:
    """Controllers write while we read: look again until enough objects stood still."""
    deadline = time.monotonic() + 20
    most = 0
    while most < least and time.monotonic() < deadline:
        most = max(most, compare(api, kind, namespace))
    return most
