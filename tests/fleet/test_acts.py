"""Deletions: what is previewed is what goes; protection, read-only, races and the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from backend.fleet.acts import Refused, delete, preview_delete
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.objects import Found, find
from backend.fleet.query import parse_line
from backend.journal.journal import Outcome
from backend.kube.errors import Conflict, NotFound
from backend.kube.objects import ApiResource
from backend.resources import registry
from tests.fleet.running_demo import Demo


class Notes:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Outcome, str]] = []

    def append(
        self,
        act: str,
        *,
        outcome: Outcome = Outcome.DONE,
        cluster: str = "",
        object: str = "",
        detail: str = "",
    ) -> int:
        self.lines.append((act, outcome, object))
        return len(self.lines)


def config_maps() -> ApiResource:
    kind = registry.builtin("cm")
    assert kind is not None
    return kind.resource


async def opened(demo: Demo, **marks: Any) -> Fleet:
    return Fleet([replace(members_of(demo.kubeconfig)[0][0], **marks)])


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with await opened(demo) as one:
        yield one


async def made(fleet: Fleet, name: str, **metadata: Any) -> Found:
    cluster = fleet.clusters[0]
    obj = {"metadata": {"name": name, **metadata}, "data": {"a": "1"}}
    await cluster.client.create(config_maps(), obj, namespace="pay")
    found, errors = await find([cluster], parse_line(f"cm {name} -n pay"))
    assert not errors
    return found[0]


async def change(found: Found, patch: dict[str, Any]) -> None:
    await found.cluster.client.patch(found.resource, patch, name=found.name, namespace=found.namespace)


async def gone(found: Found) -> bool:
    return not (await find([found.cluster], parse_line(f"cm {found.name} -n pay")))[0]


async def test_deleted_and_written_down(fleet: Fleet) -> None:
    notes = Notes()
    preview = await preview_delete(await made(fleet, "acts-plain"))
    sentence = await delete(preview, journal=notes)
    assert sentence.endswith("pay configmap/acts-plain deleted")
    assert await gone(preview.found)
    place = str(preview.found.place)
    assert notes.lines == [("delete", Outcome.STARTED, place), ("delete", Outcome.DONE, place)]


async def test_changed_since_the_preview_stays(fleet: Fleet) -> None:
    notes = Notes()
    preview = await preview_delete(await made(fleet, "acts-changed"))
    await change(preview.found, {"data": {"a": "2"}})
    with pytest.raises(Conflict):
        await delete(preview, journal=notes)
    assert not await gone(preview.found)
    assert [outcome for _, outcome, _ in notes.lines] == [Outcome.STARTED, Outcome.FAILED]


async def test_made_again_under_the_same_name_stays(fleet: Fleet) -> None:
    preview = await preview_delete(await made(fleet, "acts-again"))
    await delete(preview, journal=None)
    await made(fleet, "acts-again")
    with pytest.raises((Conflict, NotFound)):
        await delete(preview, journal=None)
    assert not await gone(preview.found)
    with pytest.raises(Conflict):
        await preview_delete(preview.found)


async def test_a_dry_run_changes_and_notes_nothing(fleet: Fleet) -> None:
    notes = Notes()
    preview = await preview_delete(await made(fleet, "acts-dry"))
    assert "dry run" in await delete(preview, journal=notes, dry_run=True)
    assert not await gone(preview.found)
    assert notes.lines == []


async def test_protected_clusters_want_the_name(demo: Demo) -> None:
    async with await opened(demo, protected=True) as fleet:
        preview = await preview_delete(await made(fleet, "acts-protected"))
        assert preview.must_type == "acts-protected"
        for typed in ("", "acts-protecte", "ACTS-PROTECTED"):
            with pytest.raises(Refused):
                await delete(preview, journal=None, confirmed=typed)
        assert not await gone(preview.found)
        await delete(preview, journal=None, confirmed="acts-protected")
        assert await gone(preview.found)


async def test_read_only_clusters_refuse(demo: Demo) -> None:
    async with await opened(demo, read_only=True) as fleet:
        found = await made(fleet, "acts-read-only")
        with pytest.raises(Refused):
            await preview_delete(found)
        assert not await gone(found)


async def test_finalizers_are_told(fleet: Fleet) -> None:
    preview = await preview_delete(await made(fleet, "acts-held", finalizers=["example.com/hold"]))
    assert any("example.com/hold" in line for line in preview.warnings)
    assert "is being deleted" in await delete(preview, journal=None)
    await change(preview.found, {"metadata": {"finalizers": None}})
    assert await gone(preview.found)
