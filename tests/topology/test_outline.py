"""Trees: groups first, objects on demand, problems only, circles ended, many objects in windows."""

from __future__ import annotations

from backend.resources.kind import Health
from backend.topology.branch import Branch, walk
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.health import Rollup
from backend.topology.outline import WINDOW, Outline
from backend.topology.sight import Aim, Sight, roots
from tests.topology.city import bodies, city, graph_of
from tests.topology.making import deployment, meta, owned_by, pod, put, read_all, replica_set, service


def outline(graph: Graph) -> Outline:
    return Outline(graph, Rollup(graph), {"east": "East", "west": "West"})


def lines(branch: Branch, depth: int = 9, *, problems: bool = False) -> list[str]:
    return [
        f"{level} {one.role}:{one.title}" if one.role else f"{level} {one.title}"
        for level, one, _ in walk(branch, depth, problems=problems)
    ]


def small() -> Graph:
    graph = Graph()
    put(graph, "namespaces", {"metadata": meta("pay"), "status": {"phase": "Active"}})
    put(graph, "deployments.apps", deployment("api"))
    put(graph, "replicasets.apps", replica_set("api-rs", owner="api"))
    put(graph, "services", service("api"))
    put(graph, "pods", pod("api-1", owner=("apps/v1", "ReplicaSet", "api-rs")))
    put(graph, "pods", pod("api-2", owner=("apps/v1", "ReplicaSet", "api-rs"), ready=False))
    read_all(graph, "pods", "services", "replicasets.apps", "deployments.apps")
    return graph


def test_an_object_both_ways() -> None:
    graph = small()
    node = graph.nodes["east", "deployments.apps", "pay", "api"]
    assert lines(outline(graph).resource(node), 3) == [
        "0 Deployment pay/api",
        "1 owns:ReplicaSet api-rs",
        "2 owns:Pod api-1",
        "3 node:Node node-1",
        "2 owns:Pod api-2",
        "3 node:Node node-1",
        "1 needed by 1",
        "2 served by:Service api",
    ]


def test_only_problems_and_the_reason_at_the_top() -> None:
    graph = small()
    branch = outline(graph).resource(graph.nodes["east", "deployments.apps", "pay", "api"])
    assert branch.verdict.health is Health.WARNING
    assert branch.why == "api-rs: 1 of 2: main: CrashLoopBackOff: back-off restarting"
    assert [line for line in lines(branch, 3, problems=True) if "Pod" in line] == ["2 owns:Pod api-2"]


def test_a_circle_of_owners_is_walked_once() -> None:
    graph = Graph()
    for name, owner in (("a", "b"), ("b", "a")):
        owners = [owned_by("v1", "ConfigMap", owner, namespace="pay")]
        put(graph, "configmaps", {"metadata": meta(name, "pay", ownerReferences=owners)})
    found = lines(outline(graph).resource(graph.nodes["east", "configmaps", "pay", "a"]), 12)
    assert found[:3] == ["0 ConfigMap pay/a", "1 owns:ConfigMap b", "2 owns:ConfigMap a"]
    assert len(found) < 10


def test_ten_thousand_pods_are_one_branch_that_opens_in_windows() -> None:
    graph = graph_of(list(bodies(city(deployments=1, pods_each=10_000, nodes=20, padded=False))))
    put(graph, "pods", pod("app-0-77", "team-0", node="node-1", labels={"app": "app-0"}, ready=False))
    node = graph.nodes["east", "services", "team-0", "app-0"]
    branch = outline(graph).resource(node)
    assert branch.open is not None
    [pods] = [one for one in branch.open() if one.role == "pods"]
    assert pods.title == "10,000 pods"
    assert pods.note == "1 failing, 9,999 ok"
    assert pods.open is not None
    first = pods.open()
    assert len(first) == WINDOW + 1
    assert first[0].title == "Pod app-0-77", "what is ill comes first"
    assert first[-1].title == f"{10_000 - WINDOW:,} more"
    assert first[-1].open is not None
    assert len(first[-1].open()) == WINDOW + 1


def test_a_namespace_in_groups_and_a_cluster_in_numbers() -> None:
    graph = small()
    found = lines(outline(graph).namespace("east", "pay"), 2)
    assert found[:3] == ["0 namespace pay", "1 Control", "2 Deployment api"]
    assert "1 Network" in found
    graph.cover("east", "secrets", Covered(Reading.REFUSED, "you may not list secrets"))
    branch = outline(graph).cluster("east")
    assert branch.title == "cluster East"
    assert "1 kinds not read" in branch.note
    assert branch.open is not None
    unread = [one for one in branch.open() if one.title == "secrets not read"]
    assert [(one.verdict.health, one.why) for one in unread] == [(Health.UNKNOWN, "you may not list secrets")]


def test_a_cluster_of_which_nothing_is_known_is_not_well() -> None:
    graph = Graph()
    graph.cover("west", "pods", Covered(Reading.REFUSED, "no answer within 3 s: not known yet"))
    branch = outline(graph).fleet(["west"])
    assert branch.verdict.health is Health.UNKNOWN
    assert "not known yet" in branch.why


def test_an_application_over_clusters() -> None:
    graph = Graph()
    labels = {"app.kubernetes.io/instance": "shop"}
    for cluster in ("east", "west"):
        put(graph, "services", {"metadata": meta("a", "pay", labels=labels), "spec": {}}, cluster=cluster)
    release = {"meta.helm.sh/release-name": "shop"}
    put(graph, "configmaps", {"metadata": meta("c", "pay", annotations=release)}, cluster="west")
    sight = Sight(aim=Aim.APPLICATION, clusters=("east", "west"), name="shop")
    [branch] = roots(outline(graph), sight)
    assert branch.note == "3 objects in 2 clusters"
    assert lines(branch, 1) == ["0 application shop", "1 cluster East", "1 cluster West"]
    assert not roots(outline(graph), Sight(aim=Aim.APPLICATION, clusters=("east",), name="other"))


def test_storage_from_class_to_node() -> None:
    graph = Graph()
    provisioner = "disk.example"
    put(graph, "storageclasses.storage.k8s.io", {"metadata": meta("fast"), "provisioner": provisioner})
    ref = {"namespace": "pay", "name": "data"}
    volume = {"storageClassName": "fast", "claimRef": ref, "csi": {"driver": provisioner}}
    put(graph, "persistentvolumes", {"metadata": meta("pv"), "spec": volume})
    claim = {"volumeName": "pv", "storageClassName": "fast"}
    [node] = put(graph, "persistentvolumeclaims", {"metadata": meta("data", "pay"), "spec": claim})
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    put(graph, "pods", pod("db", volumes=volumes))
    assert lines(outline(graph).storage("east")) == [
        "0 storage of East",
        "1 StorageClass fast",
        "2 class of:PersistentVolume pv",
        "3 claim:PersistentVolumeClaim pay/data",
        "4 used by:Pod db",
        "5 node:Node node-1",
    ]
    found = lines(outline(graph).storage_path(node))
    assert "1 volume:PersistentVolume pv" in found
    assert "2 driver:CSIDriver disk.example" in found
    assert "1 used by:Pod pay/db" in found
