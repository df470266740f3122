"""The graph: edges as declared, kept true change by change, against whatever clusters hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.resources.kind import Health
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.health import Rollup
from tests.topology.making import deployment, meta, owned_by, pod, put, read_all, replica_set, service, uid

SLICES = "endpointslices.discovery.k8s.io"


def edges(graph: Graph) -> set[tuple[str, str, str]]:
    return {
        (f"{n.kind}/{n.name}", relation.role, f"{o.kind}/{o.name}")
        for n in graph.nodes.values()
        for o, relation in n.out.items()
    }


def test_an_owner_chain_a_service_and_a_node() -> None:
    graph = Graph()
    put(graph, "pods", pod("api-1", owner=("apps/v1", "ReplicaSet", "api-rs")))
    put(graph, "replicasets.apps", replica_set("api-rs", owner="api"))
    put(graph, "deployments.apps", deployment("api"))
    put(graph, "services", service("api"))
    assert edges(graph) == {
        ("pods/api-1", "owner", "replicasets.apps/api-rs"),
        ("replicasets.apps/api-rs", "owner", "deployments.apps/api"),
        ("pods/api-1", "node", "nodes/node-1"),
        ("services/api", "pods", "pods/api-1"),
    }


@pytest.mark.parametrize("service_first", [True, False])
def test_labels_decide_whoever_comes_first(service_first: bool) -> None:
    graph = Graph()
    things: list[tuple[str, dict[str, Any]]] = [
        ("services", service("api", app="api", tier="x")),
        ("pods", pod("a", labels={"app": "api", "tier": "x"})),
    ]
    for kind, obj in things if service_first else reversed(things):
        put(graph, kind, obj)
    assert ("services/api", "pods", "pods/a") in edges(graph)
    put(graph, "pods", pod("a", labels={"app": "api"}))
    assert ("services/api", "pods", "pods/a") not in edges(graph)
    put(graph, "pods", pod("a", labels={"app": "other"}))
    put(graph, "services", service("api", app="other"))
    assert ("services/api", "pods", "pods/a") in edges(graph)
    graph.drop(("east", "services", "pay", "api"))
    assert not [edge for edge in edges(graph) if edge[0] == "services/api"]
    assert ("east", "services", "pay", "api") not in graph.nodes


def test_a_selector_that_takes_everything_takes_only_its_namespace() -> None:
    graph = Graph()
    budget = {"metadata": meta("all", "pay"), "spec": {"selector": {}}}
    put(graph, "poddisruptionbudgets.policy", budget)
    put(graph, "pods", pod("a"), pod("b", labels={}), pod("c", "other"))
    guarded = {target for _, role, target in edges(graph) if role == "guards"}
    assert guarded == {"pods/a", "pods/b"}


@pytest.mark.parametrize(
    ("needed", "names"),
    [
        ({"operator": "In", "values": ["a", "b"]}, {"a", "b"}),
        ({"operator": "NotIn", "values": ["a"]}, {"b", "none"}),
        ({"operator": "Exists"}, {"a", "b"}),
        ({"operator": "DoesNotExist"}, {"none"}),
        ({"operator": "In", "values": []}, set()),
        ({"operator": "Invented"}, set()),
    ],
)
@pytest.mark.parametrize("budget_first", [True, False])
def test_expressions_choose(needed: dict[str, Any], names: set[str], budget_first: bool) -> None:
    graph = Graph()
    selector = {"matchExpressions": [{"key": "t", **needed}]}
    budget = {"metadata": meta("b", "pay"), "spec": {"selector": selector}}
    pods = [pod("a", labels={"t": "a"}), pod("b", labels={"t": "b"}), pod("none", labels={"x": "y"})]
    if budget_first:
        put(graph, "poddisruptionbudgets.policy", budget)
    put(graph, "pods", *pods)
    if not budget_first:
        put(graph, "poddisruptionbudgets.policy", budget)
    assert {target for _, role, target in edges(graph) if role == "guards"} == {f"pods/{n}" for n in names}


def test_what_is_named_and_not_there_is_missing_only_where_its_kind_was_read() -> None:
    graph = Graph()
    [node] = put(
        graph,
        "pods",
        pod("a", volumes=[{"name": "v", "configMap": {"name": "settings"}}]),
    )
    wanted = graph.nodes["east", "configmaps", "pay", "settings"]
    assert wanted.verdict.health is Health.UNKNOWN
    graph.cover("east", "configmaps", Covered(Reading.REFUSED, "you may not list configmaps"))
    assert wanted.verdict == (Health.UNKNOWN, "you may not list configmaps")
    assert Rollup(graph).of(node).health is Health.OK, "what is unknown is no failure"
    read_all(graph, "configmaps")
    assert wanted.verdict == (Health.FAILING, "missing")
    assert Rollup(graph).of(node) == (Health.WARNING, "volume settings: missing")
    put(graph, "configmaps", {"metadata": meta("settings", "pay")})
    assert wanted.verdict.health is Health.OK
    graph.drop(node.key)
    graph.drop(wanted.key)
    assert not any(key[1] == "configmaps" for key in graph.nodes)


def test_a_kind_that_was_read_in_one_namespace_says_nothing_of_others() -> None:
    graph = Graph()
    graph.cover("east", "configmaps", Covered(Reading.WHOLE, namespaces=frozenset({"pay"})))
    volumes = [{"name": "v", "configMap": {"name": "settings"}}]
    put(graph, "pods", pod("a", volumes=volumes), pod("b", "other", volumes=volumes))
    assert graph.nodes["east", "configmaps", "pay", "settings"].verdict.health is Health.FAILING
    assert graph.nodes["east", "configmaps", "other", "settings"].verdict.health is Health.UNKNOWN


def test_an_owner_made_anew_under_its_name_is_not_the_owner() -> None:
    graph = Graph()
    put(graph, "pods", pod("a", owner=("apps/v1", "ReplicaSet", "rs")))
    rs = replica_set("rs")
    rs["metadata"]["uid"] = "another"
    [again] = put(graph, "replicasets.apps", rs)
    assert not again.into
    read_all(graph, "replicasets.apps")
    [lost] = [n for n in graph.nodes.values() if n.kind == "replicasets.apps" and n.facts is None]
    assert lost.verdict.health is Health.FAILING
    put(graph, "replicasets.apps", replica_set("rs"))
    assert [n.name for n in again.into] == ["a"], "the old one is back: its uid says so"


def test_a_custom_owner_read_under_its_true_plural_takes_the_place_of_the_guess() -> None:
    graph = Graph()
    sheep = {"apiVersion": "farm.example/v1", "kind": "Sheep", "name": "dolly", "uid": "u1"}
    metadata = meta("wool", "pay", ownerReferences=[sheep])
    [claim] = put(graph, "configmaps", {"metadata": metadata})
    [guess] = claim.out
    assert guess.kind == "sheeps.farm.example"
    [dolly] = put(
        graph, "sheep.farm.example", {"metadata": {"name": "dolly", "namespace": "pay", "uid": "u1"}}
    )
    assert list(claim.out) == [dolly]
    assert guess.key not in graph.nodes


def test_owners_in_a_circle_end() -> None:
    graph = Graph()
    for name, owner in (("a", "b"), ("b", "c"), ("c", "a")):
        put(
            graph,
            "configmaps",
            {
                "metadata": meta(
                    name, "pay", ownerReferences=[owned_by("v1", "ConfigMap", owner, namespace="pay")]
                )
            },
        )
    put(graph, "pods", pod("ill", ready=False))
    volumes = [{"name": "v", "configMap": {"name": "a"}}]
    put(graph, "pods", pod("p", volumes=volumes, owner=("v1", "ConfigMap", "a"), ready=False))
    rollup = Rollup(graph)
    assert rollup.of(graph.nodes["east", "configmaps", "pay", "b"]).health is Health.WARNING


def test_some_ill_of_many_are_a_warning_all_are_a_failure() -> None:
    graph = Graph()
    read_all(graph, "pods", "nodes")
    put(
        graph,
        "nodes",
        {"metadata": meta("node-1"), "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
    )
    ingress = {
        "metadata": meta("web", "pay"),
        "spec": {
            "rules": [{"host": "a.example", "http": {"paths": [{"backend": {"service": {"name": "api"}}}]}}]
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }
    [entry] = put(graph, "ingresses.networking.k8s.io", ingress)
    [api] = put(graph, "services", service("api"))
    rollup = Rollup(graph)
    assert rollup.of(api) == (Health.WARNING, "no pod matches its selector")
    put(graph, "pods", pod("a"), pod("b"), pod("c"))
    assert rollup.of(api).health is Health.OK
    put(graph, "pods", pod("a", ready=False))
    verdict = rollup.of(api)
    assert verdict.health is Health.WARNING
    assert verdict.why.startswith("1 of 3: main: CrashLoopBackOff")
    put(graph, "pods", pod("b", ready=False), pod("c", ready=False))
    assert rollup.of(api).health is Health.FAILING
    assert rollup.of(entry).health is Health.FAILING
    assert "api: 3 of 3" in rollup.of(entry).why
    put(graph, "pods", pod("b"))
    assert rollup.of(entry).health is Health.WARNING


def test_endpoints_point_at_pods_and_their_service() -> None:
    graph = Graph()
    put(graph, "pods", pod("a"))
    target = {"kind": "Pod", "name": "a", "namespace": "pay", "uid": uid("pods", "a", "pay")}
    labels = {"kubernetes.io/service-name": "api"}
    endpoints = {"metadata": meta("api-x", "pay", labels=labels), "endpoints": [{"targetRef": target}]}
    put(graph, SLICES, endpoints)
    assert (f"{SLICES}/api-x", "endpoints of", "services/api") in edges(graph)
    assert (f"{SLICES}/api-x", "endpoint", "pods/a") in edges(graph)


def test_an_object_of_an_odd_shape_spoils_no_list() -> None:
    import msgspec

    from backend.topology.facts import FactsDecoder

    decoder = FactsDecoder("pods")
    odd = pod("odd", volumes="none")
    page = decoder.page(msgspec.json.encode({"metadata": {}, "items": [pod("a"), odd, pod("b")]}))
    assert [one.metadata.name for one in page.items] == ["a", "b"]
    assert page.skipped == 1
    event = decoder.event(msgspec.json.encode({"type": "ADDED", "object": odd}))
    assert event.skipped


_NAMES = st.sampled_from(["a", "b", "c"])
_OBJECTS = st.one_of(
    st.builds(
        lambda name, app, owner: (
            "pods",
            pod(name, labels={"app": app}, owner=("apps/v1", "ReplicaSet", owner)),
        ),
        _NAMES,
        _NAMES,
        _NAMES,
    ),
    st.builds(lambda name, app: ("services", service(name, app=app)), _NAMES, _NAMES),
    st.builds(lambda name, owner: ("replicasets.apps", replica_set(name, owner=owner)), _NAMES, _NAMES),
    st.builds(
        lambda name, values, operator: (
            "poddisruptionbudgets.policy",
            {
                "metadata": meta(name, "pay"),
                "spec": {
                    "selector": {"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}
                },
            },
        ),
        _NAMES,
        st.lists(_NAMES, unique=True),
        st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    ),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(_OBJECTS, st.booleans()), max_size=30), st.randoms())
def test_whatever_happens_the_graph_is_the_one_that_is_built_at_once(
    happenings: list[tuple[tuple[str, dict[str, Any]], bool]], dice: Any
) -> None:
    graph = Graph()
    there: dict[tuple[str, str], dict[str, Any]] = {}
    for (kind, obj), stays in happenings:
        name = obj["metadata"]["name"]
        if stays:
            there[kind, name] = obj
            put(graph, kind, obj)
        else:
            there.pop((kind, name), None)
            graph.drop(("east", kind, "pay", name))
    fresh = Graph()
    order = list(there.items())
    dice.shuffle(order)
    for (kind, _), obj in order:
        put(fresh, kind, obj)
    assert edges(graph) == edges(fresh)
    assert set(graph.nodes) == set(fresh.nodes)
    assert {n.key for n in graph.ill} == {n.key for n in fresh.ill}
