"""Tables and documents on stdout."""

from __future__ import annotations

import io
import json

import pytest
import yaml

from backend.fleet.row import table_columns
from backend.resources.kind import Health
from backend.resources.kinds.pod import KIND
from console.cli.output import Format, JsonWriter, NameWriter, TableWriter, YamlWriter, object_writer
from tests.fleet.samples import pod_row

COLUMNS = table_columns([KIND])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_align_by_cells_and_only_get_wider() -> None:
    out = io.StringIO()
    writer = TableWriter(wide=False, stream=out)
    writer.write([pod_row("a"), pod_row("名前", namespace="x")], COLUMNS, now=0.0)
    writer.write([pod_row("a-much-longer-name")], COLUMNS, now=0.0)
    header, first, second, third = out.getvalue().splitlines()
    assert header.startswith("CLUSTER   NAMESPACE   NAME   READY")
    assert first == "eu        pay         a      1/1     Running   0          <unknown>"
    assert second == "eu        x           名前   1/1     Running   0          <unknown>"
    assert third == "eu        pay         a-much-longer-name   1/1     Running   0          <unknown>"
    assert writer.written == 3


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    sick = [pod_row("a", status="Error", health=Health.FAILING)]

    def written(stream: io.StringIO) -> str:
        TableWriter(wide=False, stream=stream).write(sick, COLUMNS, now=0.0)
        return stream.getvalue()

    assert "\x1b[31mError\x1b[0m" in written(Terminal())
    assert "\x1b" not in written(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written(Terminal())


def test_hostile_cells_are_inert() -> None:
    out = io.StringIO()
    rows = [pod_row("a\x1b]0;x\x07\nb", status="\x1b[2J", namespace="\u202e")]
    TableWriter(wide=True, why=True, stream=out).write(rows, COLUMNS, now=0.0)
    NameWriter(out).write(rows)
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()
    assert out.getvalue().count("\n") == 3


@pytest.mark.parametrize("objects", [[], [{"kind": "A"}], [{"kind": "A"}, {"kind": "B", "x": ["é", 1]}]])
def test_documents_are_lists(objects: list[dict[str, object]]) -> None:
    expected = {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}
    for writer_type, read in ((JsonWriter, json.loads), (YamlWriter, yaml.safe_load)):
        out = io.StringIO()
        writer = writer_type(single=False, stream=out)
        for obj in objects:
            writer.write(obj)
        writer.close()
        assert read(out.getvalue()) == expected


def test_one_object_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for form, read in ((Format.JSON, json.loads), (Format.YAML, yaml.safe_load)):
        writer = object_writer(form, single=True)
        writer.write({"kind": "A"})
        writer.close()
        assert read(capsys.readouterr().out) == {"kind": "A"}
