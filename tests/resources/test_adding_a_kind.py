"""A kind is added exactly as docs/kinds.md says: one file in the folder, and it is in a table."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.fleet.cluster import target_of
from backend.fleet.row import make_row, table_columns
from backend.kube.objects import ApiResource
from backend.resources import kinds as folder
from backend.resources import registry
from backend.resources.kind import Health
from backend.text import SafeStr

DOCUMENT = Path(__file__).parents[2] / "docs" / "kinds.md"
SHIP = {
    "metadata": {
        "name": "beagle",
        "namespace": "sea",
        "uid": "u1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    },
    "spec": {"homePort": "Plymouth"},
    "status": {"crew": 74, "leak": ""},
}


def forget() -> None:
    for cached in (registry.kinds, registry._files, registry._load, registry._by_resource, registry.builtin):
        cached.cache_clear()
    sys.modules.pop(f"{folder.__name__}.ship", None)


@pytest.fixture
def ship_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example of the page, as a file of a folder that the kinds' folder is extended with."""
    example = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "ship.py").write_text(example.group(1))
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    forget()
    yield
    monkeypatch.undo()
    forget()


@pytest.mark.usefixtures("ship_added")
def test_it_is_in_a_table() -> None:
    served = ApiResource(
        group="sea.example.com",
        version="v1",
        plural="ships",
        singular="ship",
        kind="Ship",
        namespaced=True,
        verbs=("list", "watch"),
    )
    target = target_of(served)
    assert target.kind is not None, "the server's word leads to the new file's entry"
    leaking = {**SHIP, "metadata": {"name": "wreck", "uid": "u2"}, "status": {"leak": "bow"}}
    page = target.decoder.page(json.dumps({"metadata": {}, "items": [SHIP, leaking]}).encode())
    columns = table_columns([target.kind])
    assert [column.name for column in columns] == ["CLUSTER", "NAMESPACE", "NAME", "HOME PORT", "CREW", "AGE"]
    sound, wreck = (
        make_row(item, cluster_id="c", cluster=SafeStr("prod"), kind=target.kind) for item in page.items
    )
    now = 1767225600.0 + 3600
    assert [column.text(sound, now) for column in columns] == [
        "prod",
        "sea",
        "beagle",
        "Plymouth",
        "74",
        "60m",
    ]
    assert sound.health is Health.OK
    assert (wreck.health, wreck.why) == (Health.FAILING, "leaks: bow")


@pytest.mark.usefixtures("ship_added")
def test_a_custom_kind_is_asked_of_each_cluster() -> None:
    assert any(kind.resource.kind == "Ship" for kind in registry.kinds())
    assert registry.builtin("ships") is None


def test_without_the_file_there_is_no_such_kind() -> None:
    assert all(kind.resource.kind != "Ship" for kind in registry.kinds())


@pytest.mark.usefixtures("ship_added")
def test_a_file_without_a_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ship.py").write_text("KIND = 'Ship'\n")
    with pytest.raises(TypeError, match=r"ship\.KIND is no Kind"):
        registry.kinds()
