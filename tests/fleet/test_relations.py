"""Relations of real (simulated) objects: what belongs together is found, what is missing is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.objects import Found, read
from backend.fleet.owners import NoOwner, owner_of
from backend.fleet.relations import Related, related
from backend.resources import registry
from backend.resources.kind import Health
from tests.fleet.acts.acting import one
from tests.fleet.running_demo import Demo


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(demo.kubeconfig)[0][:1]) as opened:
        yield opened


async def all_of(found: Found) -> dict[str, list[Related]]:
    roles: dict[str, list[Related]] = {}
    async for answer in related(found):
        assert not answer.problem, answer.problem
        roles.setdefault(answer.role, []).extend(answer.found)
    return roles


async def make(fleet: Fleet, word: str, obj: dict[str, Any], namespace: str | None = "pay") -> Found:
    kind = registry.builtin(word)
    assert kind is not None
    cluster = fleet.clusters[0]
    await cluster.client.create(kind.resource, obj, namespace=namespace)
    return Found(
        cluster=cluster,
        resource=kind.resource,
        obj=await read(cluster, kind.resource, obj["metadata"]["name"], namespace=namespace),
    )


async def test_up_and_down_a_deployment(fleet: Fleet) -> None:
    deployment = await one(fleet, "deploy")
    down = await all_of(deployment)
    assert down["pods"]
    [replica_set] = [r for r in down["replica sets"] if r.name.startswith(deployment.name)][:1]
    assert all(pod.health is not None for pod in down["pods"])
    obj = await read(
        deployment.cluster, replica_set.resource, replica_set.name, namespace=deployment.namespace
    )
    again = await owner_of(Found(cluster=deployment.cluster, resource=replica_set.resource, obj=obj))
    assert (again.name, again.uid) == (deployment.name, deployment.uid)
    pod = down["pods"][0]
    obj = await read(deployment.cluster, pod.resource, pod.name, namespace=pod.namespace)
    up = await all_of(Found(cluster=deployment.cluster, resource=pod.resource, obj=obj))
    assert up["owner"][0].name == replica_set.name
    assert up["node"][0].resource.plural == "nodes"


async def test_what_a_pod_refers_to_and_is_not_there_is_said(fleet: Fleet) -> None:
    secret_key = {"name": "maybe", "key": "a", "optional": True}
    container = {
        "name": "main",
        "image": "shop/api:1",
        "envFrom": [{"configMapRef": {"name": "not-there"}}],
        "env": [{"name": "A", "valueFrom": {"secretKeyRef": secret_key}}],
    }
    volumes = [
        {"name": "a", "configMap": {"name": "there"}},
        {"name": "b", "projected": {"sources": [{"secret": {"name": "hidden"}}]}},
    ]
    await make(fleet, "cm", {"metadata": {"name": "there"}})
    await make(fleet, "secrets", {"metadata": {"name": "hidden"}, "data": {"a": "Y2FuYXJ5"}})
    spec = {"containers": [container], "volumes": volumes}
    found = await make(fleet, "pods", {"metadata": {"name": "needy"}, "spec": spec})
    roles = await all_of(found)
    by_name = {each.name: each for role in ("volume", "environment") for each in roles[role]}
    assert {name: each.missing for name, each in by_name.items()} == {
        "not-there": True,
        "maybe": True,
        "there": False,
        "hidden": False,
    }
    assert by_name["not-there"].health is Health.FAILING
    assert by_name["maybe"].health is Health.UNKNOWN
    there = await one(fleet, "cm there -n pay")
    assert [pod.name for pod in (await all_of(there))["used by"]] == ["needy"]


async def test_a_service_its_pods_and_back(fleet: Fleet) -> None:
    service = await one(fleet, "services checkout -n cart")
    roles = await all_of(service)
    assert roles["pods"]
    pod = roles["pods"][0]
    obj = await read(service.cluster, pod.resource, pod.name, namespace=pod.namespace)
    back = await all_of(Found(cluster=service.cluster, resource=pod.resource, obj=obj))
    assert service.name in [each.name for each in back["served by"]]


async def test_the_pods_of_a_node(fleet: Fleet) -> None:
    found = [pod for pod in (await all_of(await one(fleet, "nodes *node-1")))["pods"] if pod.name]
    assert found


async def test_nothing_owns_what_was_made_by_hand(fleet: Fleet) -> None:
    with pytest.raises(NoOwner, match="has no owner"):
        await owner_of(await make(fleet, "cm", {"metadata": {"name": "by-hand"}}))


async def test_an_owner_of_the_same_name_made_anew_is_not_the_owner(fleet: Fleet) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "an-older-one"}
    await make(fleet, "cm", {"metadata": {"name": "owner"}})
    orphan = await make(fleet, "secrets", {"metadata": {"name": "orphan", "ownerReferences": [owner]}})
    with pytest.raises(NoOwner, match="is gone"):
        await owner_of(orphan)


async def test_what_may_not_be_read_is_a_problem_and_no_end(demo: Demo) -> None:
    team = next(member for member in members_of(demo.users_kubeconfig)[0] if "team" in member.name)
    async with Fleet([team]) as fleet:
        found = await one(fleet, "pods -n pay")
        answers = [answer async for answer in related(found)]
    refused = [answer for answer in answers if answer.problem]
    assert [answer.role for answer in refused] == ["node"]
    assert len(answers) > len(refused)


def test_every_declared_kind_exists() -> None:
    """Those without an entry are such as servers have, or the Gateway API brings."""
    from backend.resources.relations import kinds

    for full_name in kinds():
        kind = registry.entry(full_name)
        known = kind is not None and kind.resource.full_name == full_name
        assert known or full_name.endswith((".storage.k8s.io", ".gateway.networking.k8s.io")), full_name
