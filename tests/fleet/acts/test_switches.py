"""Cordon, suspend and their opposites; a run of a cron job by hand."""

from __future__ import annotations

import pytest

from backend.fleet.acts import Refused, acts, carry_out, named, preview
from backend.fleet.fleet import Fleet
from backend.fleet.objects import Found
from backend.resources import registry
from tests.fleet.acts.acting import Notes, again, one


async def cron_job(fleet: Fleet, name: str, **spec: object) -> Found:
    kind = registry.builtin("cronjobs")
    assert kind is not None
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "shop/report:1"}]}
    template = {
        "metadata": {"labels": {"made": "by-hand"}},
        "spec": {"backoffLimit": 2, "template": {"spec": pod}},
    }
    obj = {"metadata": {"name": name}, "spec": {"schedule": "0 3 * * *", "jobTemplate": template, **spec}}
    await fleet.clusters[0].client.create(kind.resource, obj, namespace="pay")
    return await one(fleet, f"cronjobs {name} -n pay")


@pytest.mark.parametrize(
    ("on", "off", "field"), [("cordon", "uncordon", "unschedulable"), ("suspend", "resume", "suspend")]
)
async def test_on_and_off_again(fleet: Fleet, on: str, off: str, field: str) -> None:
    found = await (one(fleet, "nodes") if on == "cordon" else cron_job(fleet, f"switch-{on}"))
    with pytest.raises(Refused, match="not"):
        await preview(named(off), found)
    notes = Notes()
    await carry_out(await preview(named(on), found), journal=notes)
    assert (await again(found)).obj["spec"][field] is True
    with pytest.raises(Refused, match="already"):
        await preview(named(on), found)
    await carry_out(await preview(named(off), found), journal=notes)
    assert not (await again(found)).obj["spec"].get(field)
    assert [act for act, _, _ in notes.lines] == [on, on, off, off]


async def test_a_run_by_hand_is_the_cron_jobs_own(fleet: Fleet) -> None:
    found = await cron_job(fleet, "report", suspend=True)
    plan = await preview(named("trigger"), found)
    assert any("suspended" in warning for warning in plan.warnings)
    said = await carry_out(plan, journal=None)
    name = said.rpartition(" ")[2]
    job = (await one(fleet, f"jobs {name} -n pay")).obj
    owner = job["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("CronJob", found.uid, True)
    assert job["spec"]["backoffLimit"] == 2
    assert job["metadata"]["labels"]["made"] == "by-hand"
    assert job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"


async def test_a_long_name_is_cut_for_the_job(fleet: Fleet) -> None:
    found = await cron_job(fleet, "r" * 52)
    said = await carry_out(await preview(named("trigger"), found), journal=None)
    assert len(said.rpartition(" ")[2]) <= 63


def test_every_file_is_an_act_of_its_name() -> None:
    assert sorted(acts()) == [
        "cordon",
        "delete",
        "edit",
        "restart",
        "resume",
        "scale",
        "suspend",
        "trigger",
        "uncordon",
    ]
    assert all(act.id == id for id, act in acts().items())
