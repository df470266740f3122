"""What stops if something goes: every kind of consequence, and what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from backend.topology.blast import Grade, blast_of, targets
from backend.topology.blast.effect import Blast, Harm
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.node import Node
from tests.topology.making import deployment, meta, owned_by, pod, put, read_all, replica_set, service

INGRESSES = "ingresses.networking.k8s.io"
WEBHOOKS = "validatingwebhookconfigurations.admissionregistration.k8s.io"


def told(blast: Blast) -> set[tuple[str, str]]:
    return {(str(effect.what), effect.effect) for effect in blast.effects}


def by_harm(blast: Blast, harm: Harm) -> list[str]:
    return [str(effect.sentence) for effect in blast.effects if effect.harm is harm]


def ingress(name: str, *routes: tuple[str, str]) -> dict[str, Any]:
    rules = [
        {"host": host, "http": {"paths": [{"backend": {"service": {"name": to}}}]}} for host, to in routes
    ]
    tls = [{"secretName": "tls"}]
    return {"metadata": meta(name, "pay"), "spec": {"rules": rules, "tls": tls, "ingressClassName": "edge"}}


def budget(name: str, needed: int) -> dict[str, Any]:
    selector = {"matchLabels": {"app": name}}
    status = {"desiredHealthy": needed, "currentHealthy": needed, "expectedPods": needed}
    return {"metadata": meta(name, "pay"), "spec": {"selector": selector}, "status": status}


@pytest.fixture
def shop() -> Graph:
    """Two nodes; both pods of api on node-1, web has one on each, two of the database's three on node-1."""
    graph = Graph()
    for kind in ("pods", "services", "nodes", "persistentvolumeclaims", "persistentvolumes"):
        read_all(graph, kind)
    zone = {"topology.kubernetes.io/zone": "a"}
    put(graph, "nodes", {"metadata": meta("node-1", labels=zone)}, {"metadata": meta("node-2")})
    for name, nodes in (("api", ("node-1", "node-1")), ("web", ("node-1", "node-2"))):
        put(graph, "deployments.apps", deployment(name))
        put(graph, "replicasets.apps", replica_set(f"{name}-rs", owner=name))
        owner = ("apps/v1", "ReplicaSet", f"{name}-rs")
        pods = [
            pod(f"{name}-{n}", node=node, labels={"app": name}, owner=owner) for n, node in enumerate(nodes)
        ]
        put(graph, "pods", *pods)
        put(graph, "services", service(name, app=name))
        put(graph, "poddisruptionbudgets.policy", budget(name, 1))
    put(graph, INGRESSES, ingress("shop", ("shop.example", "web"), ("api.example", "api")))
    stateful = {"metadata": meta("db", "pay"), "spec": {"replicas": 3, "serviceName": "db"}}
    put(graph, "statefulsets.apps", stateful)
    for number, node in enumerate(("node-1", "node-1", "node-2")):
        volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": f"data-{number}"}}]
        owner = ("apps/v1", "StatefulSet", "db")
        put(graph, "pods", pod(f"db-{number}", node=node, labels={"app": "db"}, owner=owner, volumes=volumes))
        claim = {"volumeName": f"pv-{number}", "storageClassName": "fast"}
        bound = {"phase": "Bound", "accessModes": ["ReadWriteOnce"]}
        put(
            graph,
            "persistentvolumeclaims",
            {"metadata": meta(f"data-{number}", "pay"), "spec": claim, "status": bound},
        )
        ref = {"namespace": "pay", "name": f"data-{number}"}
        spec = {"claimRef": ref, "persistentVolumeReclaimPolicy": "Delete" if number else "Retain"}
        put(graph, "persistentvolumes", {"metadata": meta(f"pv-{number}"), "spec": spec})
    return graph


def at(graph: Graph, kind: str, name: str, namespace: str = "pay") -> Node:
    return graph.nodes["east", kind, namespace, name]


def test_a_node(shop: Graph) -> None:
    blast = blast_of(shop, targets(shop, "east", "nodes", "node-1"), deleted=False)
    assert told(blast) >= {
        ("Ingress pay/shop", "api.example answers no more"),
        ("Service pay/api", "no endpoints left"),
        ("Service pay/web", "1 of 2 endpoints left"),
        ("StatefulSet pay/db", "1 of 3 members left: below the majority of 2"),
        ("Deployment pay/api", "none of its pods is left"),
        ("PodDisruptionBudget pay/api", "0 healthy pods left, 1 are needed"),
        ("PersistentVolumeClaim pay/data-0", "can't be used elsewhere at first"),
        ("Pod pay/api-0", "stops"),
    }
    assert len(by_harm(blast, Harm.POD)) == 5
    assert "node-2" not in " ".join(by_harm(blast, Harm.POD))
    assert not any("web" in line for line in by_harm(blast, Harm.BUDGET)), "one healthy pod is all it needs"
    [quorum] = [effect for effect in blast.effects if effect.harm is Harm.QUORUM]
    assert quorum.grade is Grade.LIKELY
    harms = [effect.harm for effect in blast.effects]
    assert harms == sorted(harms), "the worst first"
    assert "5 pods stop" in blast.summary


def test_a_zone_is_its_nodes(shop: Graph) -> None:
    zone = blast_of(shop, targets(shop, "east", "zone", "a"), deleted=False)
    node = blast_of(shop, targets(shop, "east", "nodes", "node-1"), deleted=False)
    assert told(zone) == told(node)
    assert not targets(shop, "east", "zone", "b")
    everything = blast_of(shop, targets(shop, "east", "cluster", "east"), deleted=False)
    assert len(by_harm(everything, Harm.POD)) == 7


def test_a_pod_with_brothers_and_one_without(shop: Graph) -> None:
    blast = blast_of(shop, [at(shop, "pods", "web-0")])
    assert ("Service pay/web", "1 of 2 endpoints left") in told(blast)
    assert by_harm(blast, Harm.POD) == [
        "Pod pay/web-0: stops (it is deleted; ReplicaSet web-rs makes another)"
    ]
    put(shop, "pods", pod("alone", labels={"app": "alone"}))
    [line] = by_harm(blast_of(shop, [at(shop, "pods", "alone")]), Harm.POD)
    assert "nothing makes another one" in line


def test_a_workload_takes_its_pods_and_leaves_others(shop: Graph) -> None:
    blast = blast_of(shop, [at(shop, "deployments.apps", "web")])
    assert {effect.node.name for effect in blast.effects if effect.harm is Harm.POD} == {"web-0", "web-1"}
    assert by_harm(blast, Harm.DARK) == [
        "Ingress pay/shop: shop.example answers no more (Service web has no endpoints left)"
    ]
    assert "ReplicaSet pay/web-rs: is deleted (Deployment web owns it)" in by_harm(blast, Harm.GONE)


def test_what_two_owners_own_stays_with_the_other(shop: Graph) -> None:
    owners = [
        owned_by("apps/v1", "ReplicaSet", "web-rs", namespace="pay"),
        owned_by("apps/v1", "ReplicaSet", "api-rs", namespace="pay"),
    ]
    shared = {"metadata": meta("shared", "pay", ownerReferences=owners)}
    put(shop, "configmaps", shared)
    blast = blast_of(shop, [at(shop, "deployments.apps", "web")])
    assert not [effect for effect in blast.effects if effect.node.name == "shared"]


def test_a_volume_that_fails_and_one_that_is_deleted(shop: Graph) -> None:
    volume = at(shop, "persistentvolumes", "pv-1", "")
    fails = blast_of(shop, [volume], deleted=False)
    assert ("PersistentVolumeClaim pay/data-1", "can't be reached") in told(fails)
    [line] = by_harm(fails, Harm.POD)
    assert line.startswith("Pod pay/db-1: stops (it needs PersistentVolumeClaim data-1: its volume fails")
    assert "waits for the volume" in line
    deleted = blast_of(shop, [volume], deleted=True)
    assert told(deleted) == {("PersistentVolume pv-1", "is deleted only when its claim is gone")}


def test_a_claim_that_is_deleted_goes_with_its_last_pod(shop: Graph) -> None:
    blast = blast_of(shop, [at(shop, "persistentvolumeclaims", "data-1")])
    assert told(blast) == {
        ("PersistentVolume pv-1", "is deleted with its data"),
        ("Pod pay/db-1", "runs on, and does not find its data when it starts again"),
    }
    assert {effect.grade for effect in blast.effects} == {Grade.LIKELY}
    kept = blast_of(shop, [at(shop, "persistentvolumeclaims", "data-0")])
    assert ("PersistentVolume pv-0", "is released; its data is kept") in told(kept)
    shop.drop(("east", "pods", "pay", "db-1"))
    unused = blast_of(shop, [at(shop, "persistentvolumeclaims", "data-1")])
    assert [(str(e.what), e.grade) for e in unused.effects] == [("PersistentVolume pv-1", Grade.CERTAIN)]


def test_a_local_volume_goes_with_its_node(shop: Graph) -> None:
    expressions = [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}]
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}
    ref = {"namespace": "pay", "name": "data-2"}
    put(
        shop,
        "persistentvolumes",
        {"metadata": meta("pv-2"), "spec": {"claimRef": ref, "nodeAffinity": affinity}},
    )
    blast = blast_of(shop, [at(shop, "nodes", "node-2", "")], deleted=False)
    assert "PersistentVolumeClaim pay/data-2: can't be reached (its data is on node-2 alone)" in by_harm(
        blast, Harm.STORAGE
    )


def test_configuration_hurts_only_the_next_start(shop: Graph) -> None:
    volumes = [{"name": "c", "configMap": {"name": "settings"}}]
    optional = [{"name": "c", "configMap": {"name": "settings", "optional": True}}]
    owner = ("apps/v1", "ReplicaSet", "web-rs")
    put(shop, "configmaps", {"metadata": meta("settings", "pay")})
    put(shop, "pods", pod("web-0", labels={"app": "web"}, owner=owner, volumes=volumes))
    put(shop, "pods", pod("easy", labels={}, volumes=optional))
    blast = blast_of(shop, [at(shop, "configmaps", "settings")])
    assert {(str(e.what), e.effect, e.grade) for e in blast.effects} == {
        ("Deployment pay/web", "does not start again", Grade.LIKELY),
        ("Pod pay/easy", "starts without it from now on", Grade.POSSIBLE),
    }


def test_a_service_an_ingress_and_what_the_api_server_calls(shop: Graph) -> None:
    hook = {"clientConfig": {"service": {"namespace": "pay", "name": "api"}}, "failurePolicy": "Fail"}
    gentle = {"clientConfig": {"service": {"namespace": "pay", "name": "api"}}, "failurePolicy": "Ignore"}
    put(shop, WEBHOOKS, {"metadata": meta("strict"), "webhooks": [hook]})
    put(shop, WEBHOOKS, {"metadata": meta("gentle"), "webhooks": [gentle]})
    api = {"metadata": meta("v1.x.example"), "spec": {"service": {"namespace": "pay", "name": "api"}}}
    put(shop, "apiservices.apiregistration.k8s.io", api)
    blast = blast_of(shop, [at(shop, "services", "api")])
    assert {(e.node.name, e.effect, e.grade) for e in blast.effects if e.harm is Harm.CALLS} == {
        ("strict", "the requests that it judges are refused", Grade.CERTAIN),
        ("gentle", "is skipped: requests pass unjudged", Grade.POSSIBLE),
        ("v1.x.example", "its API is not served", Grade.CERTAIN),
    }
    assert ("Ingress pay/shop", "api.example answers no more") in told(blast)
    gone = blast_of(shop, [at(shop, INGRESSES, "shop")])
    assert by_harm(gone, Harm.DARK) == [
        "Ingress pay/shop: shop.example, api.example answers no more (it is deleted)"
    ]


def test_a_namespace_takes_everything_inside(shop: Graph) -> None:
    put(shop, "namespaces", {"metadata": meta("pay")})
    put(shop, "pods", pod("other", "elsewhere"))
    blast = blast_of(shop, [at(shop, "namespaces", "pay", "")])
    stopped = {effect.node.namespace for effect in blast.effects if effect.harm is Harm.POD}
    assert stopped == {"pay"}
    assert ("PersistentVolume pv-1", "is deleted with its data") in told(blast)
    assert ("Deployment pay/api", "is deleted") in told(blast)


def test_a_job_a_scaler_a_policy_and_rights(shop: Graph) -> None:
    put(shop, "jobs.batch", {"metadata": meta("import", "pay"), "spec": {}})
    put(shop, "pods", pod("import-x", owner=("batch/v1", "Job", "import"), labels={}))
    blast = blast_of(shop, [at(shop, "nodes", "node-1", "")], deleted=False)
    assert ("Job pay/import", "loses what its pod has done, and starts anew") in told(blast)
    target = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    scaler = {"metadata": meta("web", "pay"), "spec": target}
    [node] = put(shop, "horizontalpodautoscalers.autoscaling", scaler)
    assert told(blast_of(shop, [node])) == {("Deployment pay/web", "is no longer scaled by load")}
    policy = {"metadata": meta("p", "pay"), "spec": {"podSelector": {"matchLabels": {"app": "web"}}}}
    [node] = put(shop, "networkpolicies.networking.k8s.io", policy)
    assert told(blast_of(shop, [node])) == {("Deployment pay/web", "lets other traffic in or out")}
    role = {"kind": "Role", "name": "reader"}
    subject = {"kind": "ServiceAccount", "name": "bot"}
    put(shop, "serviceaccounts", {"metadata": meta("bot", "pay")})
    put(shop, "roles.rbac.authorization.k8s.io", {"metadata": meta("reader", "pay")})
    binding = {"metadata": meta("b", "pay"), "roleRef": role, "subjects": [subject]}
    put(shop, "rolebindings.rbac.authorization.k8s.io", binding)
    blast = blast_of(shop, [at(shop, "roles.rbac.authorization.k8s.io", "reader")])
    assert ("ServiceAccount pay/bot", "loses the rights that it gave") in told(blast)


def test_owners_in_a_circle_and_dangling_ones_end() -> None:
    graph = Graph()
    for name, owner in (("a", "b"), ("b", "a"), ("c", "nobody")):
        owners = [owned_by("v1", "ConfigMap", owner, namespace="pay")]
        put(graph, "configmaps", {"metadata": meta(name, "pay", ownerReferences=owners)})
    put(graph, "pods", pod("p", owner=("v1", "ConfigMap", "a")))
    blast = blast_of(graph, [at(graph, "configmaps", "b")])
    assert ("Pod pay/p", "stops") in told(blast)


def test_what_could_not_be_read_is_told(shop: Graph) -> None:
    shop.cover("east", "services", Covered(Reading.REFUSED, "you may not list services"))
    blast = blast_of(shop, [at(shop, "pods", "web-0")])
    assert ("services", "you may not list services") in blast.unknown
