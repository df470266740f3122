"""Exports: what other programs read, harmless to spreadsheets, honest about what is missing."""

from __future__ import annotations

import csv
import io
import json

import pytest

from backend.fleet.export import Provenance, cell, csv_text, json_text
from backend.fleet.row import table_columns
from backend.kube.status import State, Status
from backend.text import safe_text
from tests.ui.double import NOW, pod, rows_of

LIVE = Status(state=State.LIVE, since=NOW)
DEAD = Status(state=State.UNREACHABLE, since=NOW, detail=safe_text("no answer"))
TOLD = Provenance(query="pods /x", when=NOW, shown=2, total=5, states=[("prod-eu", LIVE), ("edge", DEAD)])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("+x", "'+x"),
        ("-5", "-5"),
        ("-1.5", "-1.5"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, written: str) -> None:
    assert cell(text) == written


def test_csv_reads_back_and_says_where_it_comes_from() -> None:
    names = ['odd "name", with commas', "=HYPERLINK(1)", "plain\nname"]
    rows = rows_of("pods", [pod(name, "pay") for name in names], cluster="prod-eu")
    columns = table_columns([rows[0].kind])
    text = csv_text(rows, columns, now=NOW, provenance=TOLD)
    head = [line for line in text.split("\r\n") if line.startswith("# ")]
    assert head[1].startswith("# at 2026-09-21T14:13:20Z; 2 of 5 rows; 1 of 2 clusters live")
    assert head[2] == "# edge: UNREACHABLE no answer"
    body = text.split("\r\n", len(head))[-1]
    titles, *found = csv.reader(io.StringIO(body, newline=""))
    at = titles.index("NAME")
    assert [line[at] for line in found] == ['odd "name", with commas', "'=HYPERLINK(1)", "plain name"]


def test_json_has_cells_health_and_states() -> None:
    rows = rows_of("pods", [pod("api", "pay", waiting="CrashLoopBackOff")], cluster="prod-eu")
    document = json.loads(json_text(rows, table_columns([rows[0].kind]), now=NOW, provenance=TOLD))
    assert document["rows"][0]["cells"]["NAME"] == "api"
    assert document["rows"][0]["health"] == "failing"
    assert document["clusters"][1] == {"cluster": "edge", "state": "UNREACHABLE", "detail": "no answer"}
