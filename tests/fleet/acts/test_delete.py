"""Deletions: what is previewed is what goes; protection, read-only, races and the journal."""

from __future__ import annotations

from typing import Any

import pytest

from backend.fleet.acts import Plan, Refused, carry_out, named, preview
from backend.fleet.fleet import Fleet
from backend.fleet.objects import Found, find
from backend.fleet.query import parse_line
from backend.journal.journal import Outcome
from backend.kube.errors import Conflict, NotFound
from backend.kube.objects import ApiResource
from backend.resources import registry
from tests.fleet.acts.acting import Notes, opened
from tests.fleet.running_demo import Demo


def config_maps() -> ApiResource:
    kind = registry.builtin("cm")
    assert kind is not None
    return kind.resource


async def made(fleet: Fleet, name: str, **metadata: Any) -> Found:
    cluster = fleet.clusters[0]
    obj = {"metadata": {"name": name, **metadata}, "data": {"a": "1"}}
    await cluster.client.create(config_maps(), obj, namespace="pay")
    found, errors = await find([cluster], parse_line(f"cm {name} -n pay"))
    assert not errors
    return found[0]


async def preview_delete(found: Found) -> Plan:
    return await preview(named("delete"), found)


async def change(found: Found, patch: dict[str, Any]) -> None:
    await found.cluster.client.patch(found.resource, patch, name=found.name, namespace=found.namespace)


async def gone(found: Found) -> bool:
    return not (await find([found.cluster], parse_line(f"cm {found.name} -n pay")))[0]


async def test_deleted_and_written_down(fleet: Fleet) -> None:
    notes = Notes()
    plan = await preview_delete(await made(fleet, "acts-plain"))
    sentence = await carry_out(plan, journal=notes)
    assert sentence.endswith("pay configmap/acts-plain deleted")
    assert await gone(plan.found)
    place = str(plan.found.place)
    assert notes.lines == [("delete", Outcome.STARTED, place), ("delete", Outcome.DONE, place)]


async def test_changed_since_the_preview_stays(fleet: Fleet) -> None:
    notes = Notes()
    plan = await preview_delete(await made(fleet, "acts-changed"))
    await change(plan.found, {"data": {"a": "2"}})
    with pytest.raises(Conflict):
        await carry_out(plan, journal=notes)
    assert not await gone(plan.found)
    assert [outcome for _, outcome, _ in notes.lines] == [Outcome.STARTED, Outcome.FAILED]


async def test_made_again_under_the_same_name_stays(fleet: Fleet) -> None:
    plan = await preview_delete(await made(fleet, "acts-again"))
    await carry_out(plan, journal=None)
    await made(fleet, "acts-again")
    with pytest.raises((Conflict, NotFound)):
        await carry_out(plan, journal=None)
    assert not await gone(plan.found)
    with pytest.raises(Conflict):
        await preview_delete(plan.found)


async def test_a_dry_run_changes_and_notes_nothing(fleet: Fleet) -> None:
    notes = Notes()
    plan = await preview_delete(await made(fleet, "acts-dry"))
    assert "dry run" in await carry_out(plan, journal=notes, dry_run=True)
    assert not await gone(plan.found)
    assert notes.lines == []


async def test_protected_clusters_want_the_name(demo: Demo) -> None:
    async with await opened(demo, protected=True) as fleet:
        plan = await preview_delete(await made(fleet, "acts-protected"))
        assert plan.must_type == "acts-protected"
        for typed in ("", "acts-protecte", "ACTS-PROTECTED"):
            with pytest.raises(Refused):
                await carry_out(plan, journal=None, confirmed=typed)
        assert not await gone(plan.found)
        await carry_out(plan, journal=None, confirmed="acts-protected")
        assert await gone(plan.found)


async def test_read_only_clusters_refuse(demo: Demo) -> None:
    async with await opened(demo, read_only=True) as fleet:
        found = await made(fleet, "acts-read-only")
        with pytest.raises(Refused):
            await preview_delete(found)
        assert not await gone(found)


async def test_finalizers_are_told(fleet: Fleet) -> None:
    plan = await preview_delete(await made(fleet, "acts-held", finalizers=["example.com/hold"]))
    assert any("example.com/hold" in line for line in plan.warnings)
    assert "when its finalizers are done" in await carry_out(plan, journal=None)
    await change(plan.found, {"metadata": {"finalizers": None}})
    assert await gone(plan.found)
