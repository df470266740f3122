"""Edits: only what was changed is sent; what others changed stays; where both did, nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from backend.fleet.acts import Already, Refused, carry_out, preview
from backend.fleet.acts.edit import Overtaken, editing, opened_text, preview_lines
from backend.fleet.fleet import Fleet
from backend.fleet.objects import Found
from backend.journal.journal import Outcome
from backend.kube.errors import Conflict, KubeError
from backend.resources import registry
from tests.fleet.acts.acting import Notes, again, one


async def config_map(fleet: Fleet, name: str, **data: str) -> Found:
    kind = registry.builtin("cm")
    assert kind is not None
    obj = {"metadata": {"name": name, "labels": {"tier": "web"}}, "data": {"a": "1", "b": "2", **data}}
    await fleet.clusters[0].client.create(kind.resource, obj, namespace="pay")
    return await one(fleet, f"cm {name} -n pay")


async def change(found: Found, patch: dict[str, Any]) -> None:
    await found.cluster.client.patch(found.resource, patch, name=found.name, namespace=found.namespace)


async def test_the_text_has_only_what_a_person_may_change(fleet: Fleet) -> None:
    text = opened_text(await one(fleet, "deploy"))
    for own in ("uid:", "resourceVersion", "managedFields", "creationTimestamp", "status:"):
        assert own not in text
    assert text.startswith("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n")


async def test_what_was_changed_is_shown_done_and_noted_by_name_alone(fleet: Fleet) -> None:
    notes = Notes()
    found = await config_map(fleet, "edited")
    text = opened_text(found).replace("a: '1'", "a: canary-value").replace("  b: '2'\n", "")
    plan = await preview(editing(found), found, text)
    assert plan.effect == "changed: data.b, data.a"
    lines = preview_lines(plan).splitlines()
    assert "-  a: '1'" in lines
    assert "+  a: canary-value" in lines
    assert (await again(found)).obj["data"] == {"a": "1", "b": "2"}
    await carry_out(plan, journal=notes)
    assert (await again(found)).obj["data"] == {"a": "canary-value"}
    assert "canary" not in " ".join(notes.details)
    assert "data.a" in notes.details[0]


async def test_what_others_changed_meanwhile_stays(fleet: Fleet) -> None:
    found = await config_map(fleet, "side-by-side")
    await change(found, {"data": {"b": "theirs"}})
    text = opened_text(found).replace("a: '1'", "a: mine")
    await carry_out(await preview(editing(found), found, text), journal=None)
    assert (await again(found)).obj["data"] == {"a": "mine", "b": "theirs"}


async def test_the_same_field_changed_by_both_is_told_and_no_text_is_lost(fleet: Fleet) -> None:
    found = await config_map(fleet, "clash")
    await change(found, {"data": {"a": "theirs", "c": "new"}})
    text = opened_text(found).replace("a: '1'", "a: mine")
    with pytest.raises(Overtaken, match="meanwhile") as overtaken:
        await preview(editing(found), found, text)
    assert (await again(found)).obj["data"]["a"] == "theirs"
    assert "a: mine" in overtaken.value.text
    assert "c: new" in overtaken.value.text
    now = overtaken.value.now
    await carry_out(await preview(editing(now), now, overtaken.value.text), journal=None)
    assert (await again(found)).obj["data"] == {"a": "mine", "b": "2", "c": "new"}


async def test_changed_between_preview_and_yes_is_a_conflict(fleet: Fleet) -> None:
    notes = Notes()
    found = await config_map(fleet, "late")
    plan = await preview(editing(found), found, opened_text(found).replace("a: '1'", "a: mine"))
    await change(found, {"data": {"a": "theirs"}})
    with pytest.raises(Conflict):
        await carry_out(plan, journal=notes)
    assert (await again(found)).obj["data"]["a"] == "theirs"
    assert [line[1] for line in notes.lines] == [Outcome.STARTED, Outcome.FAILED]


async def test_nothing_changed_is_nothing_done(fleet: Fleet) -> None:
    found = await config_map(fleet, "same")
    with pytest.raises(Already):
        await preview(editing(found), found, "# a comment\n" + opened_text(found))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: wrong", "name: other", "metadata.name"),
        ("kind: ConfigMap", "kind: Secret", "kind"),
        ("namespace: pay", "namespace: cart", "metadata.namespace"),
        ("data:", "data: [", "line"),
        ("apiVersion: v1", "", "apiVersion"),
    ],
)
async def test_what_is_no_edit_of_this_object_is_refused(
    fleet: Fleet, old: str, new: str, words: str
) -> None:
    found = await config_map(fleet, f"wrong-{words.rpartition('.')[2].lower()}")
    with pytest.raises(Refused, match=words):
        await preview(editing(found), found, opened_text(found).replace(old, new))


async def test_what_the_server_refuses_is_told_before_anything(fleet: Fleet) -> None:
    deployment = await one(fleet, "deploy")
    text = opened_text(deployment).replace("replicas:", "replicaas:")
    with pytest.raises(KubeError, match="replicaas"):
        await preview(editing(deployment), deployment, text)


async def test_secrets_are_not_edited(fleet: Fleet) -> None:
    found = await one(fleet, "secrets")
    with pytest.raises(Refused, match="into files"):
        await preview(editing(found), found, opened_text(found))
