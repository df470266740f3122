"""Acts on a real API server: its dry run, its preconditions on merge patches, its scale subresource."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.fleet.acts import carry_out, named, preview
from backend.fleet.acts.edit import Overtaken, editing, opened_text, preview_lines
from backend.fleet.acts.restart import ANNOTATION
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.objects import Found
from backend.fleet.relations import related
from backend.kube.errors import Conflict, Forbidden, KubeError
from backend.resources import registry
from tests.fleet.acts.acting import again, one
from tests.real import workload
from tests.real.rig import Rig


@pytest.fixture
async def fleet(rig: Rig) -> AsyncIterator[Fleet]:
    members, _ = members_of(rig.kubeconfig)
    async with Fleet(members[:1]) as opened:
        yield opened


async def make(fleet: Fleet, word: str, namespace: str | None, obj: dict[str, Any]) -> Found:
    kind = registry.builtin(word)
    assert kind is not None
    await fleet.clusters[0].client.create(kind.resource, obj, namespace=namespace)
    place = f" -n {namespace}" if namespace else ""
    return await one(fleet, f"{word} {obj['metadata']['name']}{place}")


async def deployment(fleet: Fleet, namespace: str, name: str) -> Found:
    labels = {"app": name}
    pod = {
        "containers": [{"name": "main", "image": "shop/api:1", "envFrom": [{"configMapRef": {"name": "no"}}]}]
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return await make(fleet, "deploy", namespace, {"metadata": {"name": name}, "spec": spec})


async def change(found: Found, patch: dict[str, Any]) -> None:
    await found.cluster.client.patch(
        found.resource, patch, name=found.name, namespace=found.namespace or None
    )


async def test_scale_restart_and_what_others_do_meanwhile(fleet: Fleet, namespace: str) -> None:
    found = await deployment(fleet, namespace, "web")
    await carry_out(await preview(named("scale"), found, "3"), journal=None)
    assert (await again(found)).obj["spec"]["replicas"] == 3
    late = await preview(named("scale"), found, "5")
    await change(found, {"spec": {"replicas": 4}})
    with pytest.raises(Conflict):
        await carry_out(late, journal=None)
    restart = await preview(named("restart"), found)
    await change(found, {"metadata": {"labels": {"touched": "yes"}}})
    await carry_out(restart, journal=None)
    obj = (await again(found)).obj
    assert obj["spec"]["replicas"] == 4
    assert ANNOTATION in obj["spec"]["template"]["metadata"]["annotations"]


async def test_an_object_made_anew_is_not_the_one_that_was_meant(fleet: Fleet, namespace: str) -> None:
    found = await make(fleet, "cm", namespace, {"metadata": {"name": "twin"}, "data": {"a": "1"}})
    plan = await preview(editing(found), found, opened_text(found).replace("a: '1'", "a: '2'"))
    await found.cluster.client.delete(found.resource, found.name, namespace=namespace)
    await make(fleet, "cm", namespace, {"metadata": {"name": "twin"}, "data": {"a": "1"}})
    with pytest.raises(KubeError):
        await carry_out(plan, journal=None)
    assert (await again(found)).obj["data"] == {"a": "1"}


async def test_edits_are_tried_and_shown_as_the_server_would_store_them(fleet: Fleet, namespace: str) -> None:
    found = await deployment(fleet, namespace, "edited")
    text = opened_text(found).replace("image: shop/api:1", "image: shop/api:2")
    plan = await preview(editing(found), found, text)
    lines = preview_lines(plan).splitlines()
    assert any(line.startswith("-") and "shop/api:1" in line for line in lines)
    assert any(line.startswith("+") and "shop/api:2" in line for line in lines)
    assert not any("resourceVersion" in line or "managedFields" in line for line in lines)
    await carry_out(plan, journal=None)
    with pytest.raises(KubeError, match="replicaas"):
        await preview(editing(found), found, text.replace("replicas:", "replicaas:"))
    with pytest.raises(Overtaken):
        await preview(editing(found), found, text.replace("shop/api:2", "shop/api:3"))


async def test_nodes_and_cron_jobs(fleet: Fleet, rig: Rig, namespace: str) -> None:
    workload.add_node(rig.clusters[0].api(), "node-acts")
    node = await one(fleet, "nodes node-acts")
    await carry_out(await preview(named("cordon"), node), journal=None)
    assert (await again(node)).obj["spec"]["unschedulable"] is True
    await carry_out(await preview(named("uncordon"), node), journal=None)
    assert not (await again(node)).obj["spec"].get("unschedulable")
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "shop/report:1"}]}
    spec = {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    found = await make(fleet, "cronjobs", namespace, {"metadata": {"name": "report"}, "spec": spec})
    await carry_out(await preview(named("suspend"), found), journal=None)
    said = await carry_out(await preview(named("trigger"), found), journal=None)
    job = await one(fleet, f"jobs {said.rpartition(' ')[2]} -n {namespace}")
    assert job.obj["metadata"]["ownerReferences"][0]["uid"] == found.uid
    await carry_out(await preview(named("resume"), found), journal=None)
    assert not (await again(found)).obj["spec"].get("suspend")


async def test_who_may_not_is_told_by_the_dry_run(
    fleet: Fleet, rig: Rig, namespace: str, tmp_path: Path
) -> None:
    found = await deployment(fleet, namespace, "theirs")
    plane = rig.clusters[0]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "dana"}
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings"
    plane.api().post(path, {"metadata": {"name": "dana"}, "roleRef": role, "subjects": [subject]})
    kubeconfig = tmp_path / "dana"
    kubeconfig.write_text(yaml.safe_dump(plane.kubeconfig(plane.mint("dana"), user_name="dana")))
    async with Fleet(members_of(kubeconfig)[0]) as reader:
        theirs = Found(cluster=reader.clusters[0], resource=found.resource, obj=found.obj)
        with pytest.raises(Forbidden):
            await preview(named("restart"), theirs)


async def test_relations_by_metadata_alone(fleet: Fleet, namespace: str) -> None:
    found = await deployment(fleet, namespace, "related")
    answers = [answer async for answer in related(found)]
    assert [answer.problem for answer in answers if answer.problem] == []
    missing = [one.name for answer in answers for one in answer.found if one.missing]
    assert missing == ["no"]
