"""The HTTPS front: who is let in, lists in pages, watches that resume, faults."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from backend.demo.fleet import ADMIN, TEAM, VIEWER, DemoClusters
from tests.contract.door import Door, Reply
from tests.demo.conftest import Eventually

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
def door(here: DemoClusters) -> Door:
    return Door(here.kubeconfig((ADMIN, VIEWER, TEAM)), "prod-eu")


@pytest.fixture
def other(here: DemoClusters) -> Callable[[str], Door]:
    config = here.kubeconfig((ADMIN, VIEWER, TEAM))
    return lambda user: Door(config, f"prod-eu-{user}")


async def _ask(door: Door, *words: Any, **options: Any) -> Reply:
    return await asyncio.to_thread(door.ask, *words, **options)


async def test_without_a_certificate_nobody_is_let_in(here: DemoClusters, door: Door) -> None:
    door.tls = ssl.create_default_context(cadata=here.planes[0].engine.cluster.authority)
    reply = await _ask(door, "GET", "/api/v1/pods")
    assert reply.status == 401
    assert reply.json["message"] == "Unauthorized"


async def test_users_may_what_rbac_says(other: Callable[[str], Door]) -> None:
    viewer, team = other("viewer"), other("team")
    assert (await _ask(viewer, "GET", "/api/v1/pods")).status == 200
    refused = await _ask(viewer, "GET", "/api/v1/secrets")
    assert refused.status == 403
    assert refused.json["message"] == (
        'secrets is forbidden: User "viewer" cannot list resource "secrets" in API group "" '
        "at the cluster scope"
    )
    assert (await _ask(viewer, "DELETE", "/api/v1/namespaces/pay/pods/x")).status == 403
    assert (await _ask(team, "GET", "/apis/apps/v1/namespaces/pay/deployments")).status == 200
    refused = await _ask(team, "GET", "/apis/apps/v1/namespaces/cart/deployments/checkout")
    assert refused.json["message"] == (
        'deployments.apps "checkout" is forbidden: User "team" cannot get resource "deployments" '
        'in API group "apps" in the namespace "cart"'
    )
    review = {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": "pay"}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert (await _ask(team, "POST", path, review)).json["status"]["allowed"] is True
    assert (await _ask(viewer, "POST", path, review)).json["status"]["allowed"] is False


async def test_pages_are_one_snapshot(here: DemoClusters, door: Door) -> None:
    store = here.planes[0].engine.cluster.store
    whole = [s.path for s in store.collection("pods").ordered()]
    first = (await _ask(door, "GET", "/api/v1/pods?limit=5")).json
    assert first["metadata"]["remainingItemCount"] == len(whole) - 5
    assert "kind" not in first["items"][0], "items of built-in lists carry no kind"
    victim = store.collection("pods").ordered()[7]
    store.remove("pods", victim.key)
    seen = list(first["items"])
    token = first["metadata"]["continue"]
    while token:
        page = (await _ask(door, "GET", f"/api/v1/pods?limit=5&continue={token}")).json
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        seen += page["items"]
        token = page["metadata"].get("continue")
    assert [f"{p['metadata']['namespace']}/{p['metadata']['name']}" for p in seen] == whole


async def test_an_old_page_expires_and_can_go_on_inconsistently(here: DemoClusters, door: Door) -> None:
    store = here.planes[0].engine.cluster.store
    first = (await _ask(door, "GET", "/api/v1/pods?limit=5")).json
    store.put("pods", store.collection("pods").ordered()[0].object())
    store.compact()
    gone = await _ask(door, "GET", f"/api/v1/pods?limit=5&continue={first['metadata']['continue']}")
    assert (gone.status, gone.json["reason"]) == (410, "Expired")
    rest = await _ask(door, "GET", f"/api/v1/pods?limit=5&continue={gone.json['metadata']['continue']}")
    assert rest.status == 200
    assert rest.json["items"][0]["metadata"]["name"] != first["items"][0]["metadata"]["name"]


async def test_exact_versions_list_the_past(here: DemoClusters, door: Door) -> None:
    store = here.planes[0].engine.cluster.store
    before, count = store.rv, len(store.collection("secrets").items)
    store.remove("secrets", store.collection("secrets").ordered()[0].key)
    path = f"/api/v1/secrets?resourceVersion={before}&resourceVersionMatch=Exact"
    past = (await _ask(door, "GET", path)).json
    assert len(past["items"]) == count
    assert past["metadata"]["resourceVersion"] == str(before)
    assert len((await _ask(door, "GET", "/api/v1/secrets")).json["items"]) == count - 1


async def test_a_watch_resumes_and_sees_objects_enter_and_leave(here: DemoClusters, door: Door) -> None:
    store = here.planes[0].engine.cluster.store
    since = store.rv
    obj = store.collection("configmaps").ordered()[0].object()
    for label in ("yes", "no"):
        obj["metadata"].setdefault("labels", {})["watched"] = label
        store.put("configmaps", obj)
    path = f"/api/v1/configmaps?watch=1&labelSelector=watched%3Dyes&resourceVersion={since}&timeoutSeconds=3"
    events = await asyncio.to_thread(door.watch, path, events=2)
    assert [(e["type"], e["object"]["metadata"]["labels"]["watched"]) for e in events] == [
        ("ADDED", "yes"),
        ("DELETED", "yes"),
    ]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == [since + 1, since + 2]


async def test_a_watch_from_a_forgotten_version_is_an_error_event(here: DemoClusters, door: Door) -> None:
    here.planes[0].engine.cluster.store.compact()
    (event,) = await asyncio.to_thread(door.watch, "/api/v1/pods?watch=1&resourceVersion=1", events=5)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_a_watch_ends_in_time_with_a_bookmark(here: DemoClusters, door: Door) -> None:
    rv = here.planes[0].engine.cluster.store.rv
    path = (
        f"/apis/rbac.authorization.k8s.io/v1/clusterroles?watch=1&allowWatchBookmarks=true"
        f"&timeoutSeconds=1&resourceVersion={rv}"
    )
    events = await asyncio.to_thread(door.watch, path, events=5)
    assert [event["type"] for event in events] == ["BOOKMARK"]
    assert int(events[0]["object"]["metadata"]["resourceVersion"]) >= rv


async def test_table_watches_describe_their_columns_once(door: Door) -> None:
    path = "/api/v1/namespaces?watch=1&timeoutSeconds=3"
    events = await asyncio.to_thread(door.watch, path, events=3, accept=TABLE)
    assert [bool(event["object"]["columnDefinitions"]) for event in events] == [True, False, False]
    assert all(len(event["object"]["rows"]) == 1 for event in events)


async def test_large_answers_are_gzipped_when_asked(door: Door) -> None:
    reply = await _ask(door, "GET", "/openapi/v2", headers={"Accept-Encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body))["swagger"] == "2.0"
    small = await _ask(door, "GET", "/version", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


async def test_a_body_in_an_unknown_format_is_refused_clearly(door: Door) -> None:
    reply = await _ask(door, "POST", "/api/v1/namespaces", b"<namespace/>", media="application/xml")
    assert reply.status == 415
    assert reply.json["message"].startswith("the body of the request was in an unknown format")


async def test_faults(here: DemoClusters, door: Door) -> None:
    faults = here.planes[0].engine.cluster.faults
    faults.status = 401
    assert (await _ask(door, "GET", "/version")).status == 401
    faults.status, faults.down = 0, True
    with pytest.raises(OSError):  # noqa: PT011 - reset or cut short, as the race has it
        await _ask(door, "GET", "/version")
    faults.down = False
    assert (await _ask(door, "GET", "/version")).status == 200


async def test_a_server_comes_back_on_its_port(here: DemoClusters, door: Door) -> None:
    server = here.servers["prod-eu"]
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await _ask(door, "GET", "/version")
    await server.start()
    assert (await _ask(door, "GET", "/version")).status == 200


async def test_logs(here: DemoClusters, door: Door) -> None:
    store = here.planes[0].engine.cluster.store
    pod = next(p for p in store.collection("pods").ordered() if p.namespace == "pay")
    base = f"/api/v1/namespaces/pay/pods/{pod.name}/log"
    lines = (await _ask(door, "GET", f"{base}?tailLines=5&timestamps=true")).body.splitlines()
    assert len(lines) == 5
    assert all(line[:4].isdigit() and b"Z " in line for line in lines)
    missing = await _ask(door, "GET", f"{base}?previous=true")
    assert missing.status == 400
    assert "previous terminated container" in missing.json["message"]


async def test_the_same_seed_gives_the_same_fleet(
    here: DemoClusters, tmp_path: Any, eventually: Eventually
) -> None:
    names = {s.path for s in here.planes[0].engine.cluster.store.collection("pods").ordered()}
    (tmp_path / "b").mkdir()
    async with DemoClusters(here.plan, tmp_path / "b") as again:
        assert {s.path for s in again.planes[0].engine.cluster.store.collection("pods").ordered()} == names
