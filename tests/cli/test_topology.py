"""``navarch topology`` on the simulated fleet."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from tests.cli.navarch_command import navarch
from tests.fleet.running_demo import Demo


def test_the_fleet_then_a_namespace_then_an_object(demo: Demo) -> None:
    fleet = navarch("topology", kubeconfig=demo.kubeconfig)
    assert fleet.returncode == 0, fleet.stderr
    assert all(f"cluster {name}" in fleet.stdout for name in demo.clusters)
    where = ("-c", demo.clusters[0], "-n", "pay")
    namespace = navarch("topology", *where, kubeconfig=demo.kubeconfig)
    assert "Deployment api" in namespace.stdout
    assert "Control" in namespace.stdout
    one = navarch("topology", "deploy/api", *where, kubeconfig=demo.kubeconfig)
    lines = one.stdout.splitlines()
    assert lines[0] == "● Deployment pay/api"
    assert any("owns: ReplicaSet api-" in line for line in lines)
    assert any("routed by: Ingress api" in line for line in lines)


def test_for_programs(demo: Demo) -> None:
    where = ("topology", "deploy/api", "-c", demo.clusters[0], "-n", "pay", "-o")
    told = json.loads(navarch(*where, "json", kubeconfig=demo.kubeconfig).stdout)
    kinds = {node["kind"] for node in told["nodes"]}
    assert {"deployments.apps", "replicasets.apps", "pods", "services"} <= kinds
    drawn = ElementTree.fromstring(navarch(*where, "svg", kubeconfig=demo.kubeconfig).stdout)
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert navarch(*where, "dot", kubeconfig=demo.kubeconfig).stdout.startswith("digraph")
    assert navarch(*where, "mermaid", kubeconfig=demo.kubeconfig).stdout.startswith("flowchart")


def test_an_application_a_node_and_storage(demo: Demo) -> None:
    cart = navarch("topology", "--app", "cart", "--depth", "1", kubeconfig=demo.kubeconfig)
    assert f"in {len(demo.clusters)} clusters" in cart.stdout
    node = navarch("topology", "--node", f"{demo.clusters[0]}-node-1", kubeconfig=demo.kubeconfig)
    assert "pods" in node.stdout
    storage = navarch(
        "topology", "--storage", "-c", demo.clusters[0], "--depth", "9", kubeconfig=demo.kubeconfig
    )
    assert "StorageClass standard" in storage.stdout
    assert "node: Node" in storage.stdout


def test_what_is_not_there_and_what_makes_no_sense(demo: Demo) -> None:
    nothing = navarch("topology", "--app", "nope", kubeconfig=demo.kubeconfig)
    assert nothing.returncode == 5
    assert "Applications: " in nothing.stderr
    assert navarch("topology", "deploy/nope", kubeconfig=demo.kubeconfig).returncode == 5
    assert navarch("topology", "deploy/a", "--app", "b", kubeconfig=demo.kubeconfig).returncode == 2


def test_what_we_may_not_read_is_said(demo: Demo) -> None:
    name = f"{demo.clusters[0]}-viewer"
    done = navarch("topology", "-n", "pay", "-c", name, kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 0
    assert "you may not list secrets; unknown: secrets" in done.stderr
