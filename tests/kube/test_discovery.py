"""What servers serve, new and old, whole and half broken; and what a person's word means."""

from __future__ import annotations

from typing import Any

import pytest

from backend.kube.access import ClusterAccess
from backend.kube.client import Client
from backend.kube.errors import BadResponse, KubeError
from tests.kube.routes import Routes

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


def entry(plural: str, kind: str, *short: str, scope: str = "Namespaced", **more: Any) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "scope": scope,
        "singularResource": kind.lower(),
        "verbs": ["get", "list", "watch"],
        "shortNames": list(short),
        **more,
    }


def group(
    name: str, *versions: tuple[str, list[dict[str, Any]]], freshness: str = "Current"
) -> dict[str, Any]:
    listed = [{"version": v, "resources": found, "freshness": freshness} for v, found in versions]
    return {"metadata": {"name": name} if name else {"creationTimestamp": None}, "versions": listed}


def document(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}


PODS = entry("pods", "Pod", "po", categories=["all"], subresources=[{"subresource": "log"}])
CORE = group(
    "", ("v1", [PODS, entry("events", "Event", "ev"), entry("nodes", "Node", "no", scope="Cluster")])
)
APPS = group("apps", ("v1", [entry("deployments", "Deployment", "deploy", categories=["all"])]))
SCALING = group(
    "autoscaling",
    ("v2", [entry("horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa")]),
    ("v1", [entry("horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa")]),
)
EVENTS = group("events.k8s.io", ("v1", [entry("events", "Event", "ev")]))
METRICS = group("metrics.k8s.io", ("v1beta1", [entry("pods", "PodMetrics")]))
SHOP = group(
    "shop.example.org",
    ("v1", [entry("orders", "Order", "po"), {"resource": "..%2f..", "scope": "Namespaced"}]),
)


def modern(version: str = "v2") -> Routes:
    kind = AGGREGATED.format(version)
    routes = Routes()
    routes.serve("/api", document(CORE), content_type=kind, etag='"a"')
    routes.serve("/apis", document(APPS, SCALING, EVENTS, METRICS, SHOP), content_type=kind, etag='"b"')
    return routes


def client_of(routes: Routes) -> Client:
    return Client(ClusterAccess(id="c", name="c", server="https://192.0.2.1"), wire=routes)


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
async def test_one_question_per_root_learns_everything(version: str) -> None:
    routes = modern(version)
    found = await client_of(routes).discovery()

    assert sorted(path for path, _ in routes.asked) == ["/api", "/apis"]
    assert "v=v2;as=APIGroupDiscoveryList" in routes.asked[0][1]["accept"]
    pods = found.resources[0]
    assert (pods.plural, pods.namespaced, pods.short_names, pods.subresources) == (
        "pods",
        True,
        ("po",),
        ("log",),
    )
    assert not next(r for r in found.resources if r.plural == "nodes").namespaced
    assert found.lookup(group="apps", version="v1", kind="Deployment") is not None
    assert [r.plural for r in found.category("all")] == ["pods", "deployments"]
    assert all(".." not in r.plural for r in found.everything), "a name that climbs paths is no resource"


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("po", ["pods", "orders.shop.example.org"]),
        ("pods", ["pods", "pods.metrics.k8s.io"]),
        ("POD", ["pods"]),
        ("deploy", ["deployments.apps"]),
        ("deployment.apps", ["deployments.apps"]),
        ("deployments.v1.apps", ["deployments.apps"]),
        ("Deployment.v1.apps", ["deployments.apps"]),
        ("events", ["events", "events.events.k8s.io"]),
        ("events.events.k8s.io", ["events.events.k8s.io"]),
        ("ev.events", ["events.events.k8s.io"]),
        ("pods.v1.", ["pods"]),
        ("orders.shop", ["orders.shop.example.org"]),
        ("hpa", ["horizontalpodautoscalers.autoscaling"]),
        ("nonsense", []),
        ("", []),
        (".", []),
        ("pods.nonsense", []),
    ],
)
async def test_words_mean_what_they_mean_to_kubectl(word: str, means: list[str]) -> None:
    found = (await client_of(modern()).discovery()).find(word)
    assert [resource.full_name for resource in found] == means


async def test_versions_are_the_servers_preference_unless_named() -> None:
    found = await client_of(modern()).discovery()

    assert [r.version for r in found.find("hpa")] == ["v2"]
    assert [r.version for r in found.find("hpa.v1.autoscaling")] == ["v1"]


async def test_what_has_not_changed_is_not_sent_again() -> None:
    routes = modern()
    client = client_of(routes)
    first = await client.discovery()
    assert await client.discovery() is first
    again = await client.discovery(refresh=True)

    assert again.everything == first.everything
    assert [headers.get("if-none-match") for _, headers in routes.asked[2:]] == ['"a"', '"b"']


async def test_a_dead_aggregated_server_leaves_its_kinds_known_and_marked() -> None:
    routes = modern()
    client = client_of(routes)
    await client.discovery()
    dead = group("metrics.k8s.io", ("v1beta1", []), freshness="Stale")
    routes.serve("/apis", document(APPS, dead), content_type=AGGREGATED.format("v2"), etag='"c"')
    found = await client.discovery(refresh=True)

    assert found.stale == {"metrics.k8s.io/v1beta1"}
    assert [r.full_name for r in found.find("podmetrics")] == ["pods.metrics.k8s.io"]
    assert [r.full_name for r in found.find("hpa")] == [], "what the server no longer names is gone"


def old() -> Routes:
    routes = Routes()
    routes.serve("/api", {"kind": "APIVersions", "versions": ["v1"]})
    apps = {
        "name": "apps",
        "versions": [{"version": "v1beta1"}, {"version": "v1"}],
        "preferredVersion": {"version": "v1"},
    }
    metrics = {"name": "metrics.k8s.io", "versions": [{"version": "v1beta1"}]}
    routes.serve("/apis", {"kind": "APIGroupList", "groups": [apps, metrics]})
    pods = {
        "name": "pods",
        "singularName": "pod",
        "namespaced": True,
        "kind": "Pod",
        "shortNames": ["po"],
        "verbs": ["list"],
    }
    log = {"name": "pods/log", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]}
    routes.serve("/api/v1", {"kind": "APIResourceList", "groupVersion": "v1", "resources": [pods, log]})
    deployments = {
        "name": "deployments",
        "singularName": "",
        "namespaced": True,
        "kind": "Deployment",
        "verbs": ["list"],
    }
    for version in ("v1", "v1beta1"):
        routes.serve(f"/apis/apps/{version}", {"kind": "APIResourceList", "resources": [deployments]})
    routes.serve("/apis/metrics.k8s.io/v1beta1", b"service unavailable", status=503)
    return routes


async def test_old_servers_are_asked_group_by_group_and_a_broken_group_spoils_nothing() -> None:
    found = await client_of(old()).discovery()

    assert [r.full_name for r in found.resources] == ["pods", "deployments.apps"]
    assert found.find("deployment")[0].version == "v1"
    assert found.find("pod")[0].subresources == ("log",)
    assert found.stale == {"metrics.k8s.io/v1beta1"}
    assert "metrics.k8s.io/v1beta1" in found.problems[0]


async def test_old_servers_broken_groups_keep_their_known_kinds() -> None:
    routes = old()
    working = {"name": "pods", "kind": "PodMetrics", "namespaced": True, "verbs": ["list"]}
    routes.serve("/apis/metrics.k8s.io/v1beta1", {"kind": "APIResourceList", "resources": [working]})
    client = client_of(routes)
    await client.discovery()
    routes.serve("/apis/metrics.k8s.io/v1beta1", b"", status=503)
    found = await client.discovery(refresh=True)

    assert [r.full_name for r in found.find("podmetrics")] == ["pods.metrics.k8s.io"]
    assert found.stale == {"metrics.k8s.io/v1beta1"}


async def test_rubbish_and_refusals_are_errors() -> None:
    routes = modern()
    routes.serve("/apis", b"[[[", content_type=AGGREGATED.format("v2"))
    with pytest.raises(BadResponse, match="discovery"):
        await client_of(routes).discovery()
    with pytest.raises(KubeError):
        await client_of(Routes()).discovery()
