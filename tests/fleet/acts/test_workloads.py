"""Restart and scale: tried first, done as kubectl does them, refused where they make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from backend.fleet.acts import Refused, carry_out, named, preview
from backend.fleet.acts.restart import ANNOTATION
from backend.fleet.fleet import Fleet
from backend.fleet.objects import Found
from backend.journal.journal import Outcome
from backend.kube.errors import Conflict
from backend.resources import registry
from tests.fleet.acts.acting import Notes, again, one


async def workload(fleet: Fleet, name: str, **spec: Any) -> Found:
    kind = registry.builtin("deploy")
    assert kind is not None
    labels = {"app": name}
    obj = {
        "metadata": {"name": name},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "shop/api:1"}]},
            },
            **spec,
        },
    }
    await fleet.clusters[0].client.create(kind.resource, obj, namespace="pay")
    return await one(fleet, f"deploy {name} -n pay")


async def change(found: Found, patch: dict[str, Any]) -> None:
    await found.cluster.client.patch(found.resource, patch, name=found.name, namespace=found.namespace)


async def test_a_restart_marks_the_pod_template(fleet: Fleet) -> None:
    notes = Notes()
    plan = await preview(named("restart"), await workload(fleet, "restarted"))
    assert plan.effect == "all its pods are replaced (2 pods)"
    assert "annotations" not in (await again(plan.found)).obj["spec"]["template"]["metadata"]
    assert (await carry_out(plan, journal=notes)).endswith("deployment/restarted restarted")
    template = (await again(plan.found)).obj["spec"]["template"]
    assert template["metadata"]["annotations"][ANNOTATION].endswith("Z")
    assert [line[:2] for line in notes.lines] == [("restart", Outcome.STARTED), ("restart", Outcome.DONE)]


async def test_a_restart_goes_on_when_only_the_status_or_the_number_changed(fleet: Fleet) -> None:
    plan = await preview(named("restart"), await workload(fleet, "restarted-while-scaled"))
    await change(plan.found, {"spec": {"replicas": 4}})
    await carry_out(plan, journal=None)
    spec = (await again(plan.found)).obj["spec"]
    assert (spec["replicas"], ANNOTATION in spec["template"]["metadata"]["annotations"]) == (4, True)


async def test_a_paused_rollout_is_not_restarted(fleet: Fleet) -> None:
    with pytest.raises(Refused, match="paused"):
        await preview(named("restart"), await workload(fleet, "paused", paused=True))


async def test_a_strategy_that_stops_everything_first_is_told(fleet: Fleet) -> None:
    plan = await preview(
        named("restart"), await workload(fleet, "all-at-once", strategy={"type": "Recreate"})
    )
    assert any("all pods stop before" in warning for warning in plan.warnings)


async def test_what_does_not_roll_out_is_refused(fleet: Fleet) -> None:
    with pytest.raises(Refused, match="only deployments"):
        await preview(named("restart"), await one(fleet, "pods"))


async def test_scaled_as_told(fleet: Fleet) -> None:
    notes = Notes()
    plan = await preview(named("scale"), await workload(fleet, "scaled"), "5")
    assert plan.effect.startswith("2 → 5 replicas")
    assert (await carry_out(plan, journal=notes)).endswith("scaled to 5")
    assert (await again(plan.found)).obj["spec"]["replicas"] == 5
    assert notes.details[-1].startswith("2 → 5 replicas")


async def test_scaled_meanwhile_by_somebody_else_stays(fleet: Fleet) -> None:
    notes = Notes()
    plan = await preview(named("scale"), await workload(fleet, "raced"), "5")
    await change(plan.found, {"spec": {"replicas": 3}})
    with pytest.raises(Conflict):
        await carry_out(plan, journal=notes)
    assert (await again(plan.found)).obj["spec"]["replicas"] == 3
    assert [line[1] for line in notes.lines] == [Outcome.STARTED, Outcome.FAILED]


@pytest.mark.parametrize("answer", ["", "many", "-1", "1.5", "100001"])
async def test_what_is_no_number_is_refused(fleet: Fleet, answer: str) -> None:
    with pytest.raises(Refused, match="no number"):
        await preview(named("scale"), await one(fleet, "deploy"), answer)


async def test_an_autoscaler_that_would_change_it_back_is_told(fleet: Fleet) -> None:
    found = await workload(fleet, "autoscaled")
    kind = registry.builtin("hpa")
    assert kind is not None
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "autoscaled"}
    obj = {
        "metadata": {"name": "keeper"},
        "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4},
    }
    await fleet.clusters[0].client.create(kind.resource, obj, namespace="pay")
    for answer, words in (("9", "will change it back"), ("3", "may change it again"), ("0", "stops working")):
        plan = await preview(named("scale"), found, answer)
        assert any("keeper" in w and words in w for w in plan.warnings), (answer, plan.warnings)


async def test_a_server_that_refuses_the_dry_run_refuses_the_act(fleet: Fleet) -> None:
    """Nothing is asked of a person that the server would not do."""
    from backend.kube.errors import KubeError
    from backend.kube.objects import ApiResource

    found = await one(fleet, "configmaps")
    unscalable = Found(
        cluster=found.cluster,
        resource=ApiResource(
            group="",
            version="v1",
            plural="configmaps",
            singular="configmap",
            kind="ConfigMap",
            namespaced=True,
            subresources=("scale",),
        ),
        obj=found.obj,
    )
    with pytest.raises(KubeError):
        await preview(named("scale"), unscalable, "2")
