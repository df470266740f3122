"""The family of an object, on the simulated fleet: read whole, bounded, with what may not be read told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.owners import known_resource
from backend.kube.objects import ApiResource
from backend.observe.timeline.happening import What
from backend.observe.timeline.relatives import relatives_of
from backend.observe.timeline.timeline import Past
from tests.fleet.running_demo import Demo

DEADLINE = 30.0


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(demo.kubeconfig)[0]) as opened:
        yield opened


def resource(group: str, kind: str) -> ApiResource:
    found = known_resource(group, kind)
    assert found is not None
    return found


DEPLOYMENT, POD, NODE = resource("apps", "Deployment"), resource("", "Pod"), resource("", "Node")


async def test_a_deployment_has_revisions_pods_nodes_and_configuration(fleet: Fleet) -> None:
    found = await relatives_of(fleet.clusters[0], DEPLOYMENT, "api", namespace="pay")
    kinds = {one.subject.kind: one.subject.role for one in found.found.values()}
    assert kinds["Deployment"] == "itself"
    assert (kinds["ReplicaSet"], kinds["Pod"], kinds["Node"]) == ("revision", "pod", "node")
    assert {one.subject.part for one in found.of_kind("Pod")} <= {
        one.subject.name for one in found.of_kind("ReplicaSet")
    }
    for one in (*found.of_kind("Secret"), *found.of_kind("ConfigMap")):
        assert set(one.obj) == {"apiVersion", "kind", "metadata"}, "values stay where they are"


async def test_a_pod_knows_its_owners_and_they_its_siblings(fleet: Fleet) -> None:
    whole = await relatives_of(fleet.clusters[0], DEPLOYMENT, "api", namespace="pay")
    name = whole.of_kind("Pod")[0].subject.name
    found = await relatives_of(fleet.clusters[0], POD, name, namespace="pay")
    assert next(iter(found.found.values())).subject.name == name
    assert {one.subject.role for one in found.of_kind("Deployment")} == {"owner"}
    assert {one.subject.name for one in found.of_kind("Pod")} == {
        one.subject.name for one in whole.of_kind("Pod")
    }


async def test_values_go_no_further_even_if_a_server_sends_them() -> None:
    """One that does not know PartialObjectMetadata answers with the whole secret."""
    pod = {
        "metadata": {"name": "api-1", "namespace": "pay", "uid": "u"},
        "spec": {"volumes": [{"name": "v", "secret": {"secretName": "db"}}], "containers": []},
    }
    secret = {"metadata": {"name": "db", "namespace": "pay", "uid": "s"}, "data": {"password": "Y2FuYXJ5"}}

    async def get(resource: ApiResource, name: str, **_: object) -> bytes:
        return json.dumps({"api-1": pod, "db": secret}[name]).encode()

    cluster: Any = SimpleNamespace(name="eu", client=SimpleNamespace(get=get))
    found = await relatives_of(cluster, POD, "api-1", namespace="pay")
    (kept,) = found.of_kind("Secret")
    assert "Y2FuYXJ5" not in str(kept.obj)
    assert found.problems == []


async def test_one_that_is_gone_is_a_fact_and_no_error(fleet: Fleet) -> None:
    found = await relatives_of(fleet.clusters[0], POD, "never-was", namespace="pay")
    assert found.gone
    assert found.subject_of("Pod", "pay", "never-was") is not None
    assert found.subject_of("Pod", "pay", "other") is None


async def test_pods_that_are_gone_belong_to_the_set_that_made_them(fleet: Fleet) -> None:
    found = await relatives_of(fleet.clusters[0], DEPLOYMENT, "api", namespace="pay")
    maker = found.of_kind("ReplicaSet")[0].subject.name
    subject = found.subject_of("Pod", "pay", f"{maker}-zzzzz")
    assert subject is not None
    assert (subject.role, subject.part) == ("gone pod", maker)
    assert found.subject_of("Pod", "other", f"{maker}-zzzzz") is None
    assert found.subject_of("Pod", "pay", "api-unrelated") is None


async def test_what_may_not_be_read_is_told_and_the_rest_is_there(demo: Demo) -> None:
    members = [m for m in members_of(demo.users_kubeconfig)[0] if m.name.endswith("-team")]
    async with Fleet(members[:1]) as fleet:
        found = await relatives_of(fleet.clusters[0], DEPLOYMENT, "api", namespace="pay")
    assert found.of_kind("Pod")
    assert not found.of_kind("Node")
    assert any("node" in problem for problem in found.problems)


async def test_a_rollout_is_in_the_timeline_with_what_it_changed(fleet: Fleet) -> None:
    cluster = fleet.clusters[1]
    container = {"name": "fraud-check", "image": "registry.shop.example/pay/fraud-check:9.9.9"}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await cluster.client.patch(DEPLOYMENT, patch, name="fraud-check", namespace="pay")
    past = Past(cluster, DEPLOYMENT, "fraud-check", namespace="pay")
    async with asyncio.timeout(DEADLINE):
        while True:
            await past.read()
            found = past.timeline([], now=0.0)
            rollouts = [one for one in found.happenings if one.what is What.ROLLOUT]
            if any("9.9.9" in one.text for one in rollouts):
                break
            await asyncio.sleep(0)
    assert found.happenings == tuple(sorted(found.happenings, key=lambda one: -one.at))


async def test_a_node_s_events_are_asked_for_by_its_name(fleet: Fleet) -> None:
    past = Past(fleet.clusters[0], NODE, "node-1")
    assert past.selection().query().fields == "involvedObject.kind=Node,involvedObject.name=node-1"
    assert past.selection().query().namespaces == ()
