"""Lays out a cluster as it would be found: nodes, rights, applications that have run for days."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from backend.demo.access import RBAC
from backend.demo.ages import DAY, HOUR, MINUTE, rfc3339
from backend.demo.cluster import Cluster
from backend.demo.controllers.plane import ControlPlane
from backend.demo.controllers.volumes import DEFAULT_CLASS
from backend.demo.customs import MAINTENANCE_WINDOWS, install_crd
from backend.demo.helm import install as install_releases
from backend.demo.manifests import workload_objects
from backend.demo.workloads import EDGE, SHOP, Workload

TEAM_NAMESPACE = "pay"
_SYSTEM = ("default", "kube-system", "kube-public", "kube-node-lease")
_POD_VERBS = ["get", "list", "watch"]
_ALL_VERBS = [*_POD_VERBS, "create", "update", "patch", "delete", "deletecollection"]


def lay_out(plane: ControlPlane, *, pods: int, workloads: tuple[Workload, ...] | None = None) -> None:
    """Fill an empty cluster with about ``pods`` pods and let its controllers settle in the past."""
    cluster = plane.engine.cluster
    edge = cluster.name.startswith("edge")
    chosen = workloads or (EDGE if edge else SHOP)
    pods = pods // 2 if edge else pods
    dice = cluster.random
    born = time.time() - dice.uniform(60, 200) * DAY
    cluster.moment = born
    try:
        _foundations(cluster, nodes=max(2, pods // 10) if edge else max(4, pods // 12), edge=edge)
        for name in (*_SYSTEM, *dict.fromkeys(workload.namespace for workload in chosen)):
            if cluster.store.get("namespaces", "", name) is None:
                add_namespace(cluster, name)
        _rights(cluster)
        install_crd(cluster, MAINTENANCE_WINDOWS)
        plane.engine.settle()
        for workload in _sized(chosen, pods):
            cluster.moment = time.time() - dice.choice(
                (dice.uniform(2, 40) * DAY, dice.uniform(3, 60) * HOUR)
            )
            deploy(plane, workload)
        cluster.moment = time.time() - 20 * DAY
        _custom_objects(cluster)
        cluster.moment = time.time()
        install_releases(cluster)
        plane.engine.settle()
    finally:
        cluster.moment = None


def deploy(plane: ControlPlane, workload: Workload) -> None:
    """Apply a workload at the cluster's moment and let it settle; cron jobs get the runs they have had."""
    cluster = plane.engine.cluster
    for collection, obj in workload_objects(workload):
        cluster.add(collection, obj)
    plane.engine.settle()
    if workload.kind == "CronJob":
        start = cluster.moment
        now = time.time()
        for back in (3, 2, 1):
            cluster.moment = (now - back * 15 * MINUTE) // (5 * MINUTE) * (5 * MINUTE)
            plane.cronjobs.start_job((workload.namespace, workload.name), cluster.moment)
            plane.engine.settle()
        cluster.moment = start


def add_namespace(cluster: Cluster, name: str) -> None:
    cluster.add(
        "namespaces",
        {
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        },
    )


def _sized(workloads: tuple[Workload, ...], pods: int) -> list[Workload]:
    """The workloads with replicas scaled so that the cluster has about the wished number of pods."""
    scalable = [w for w in workloads if w.kind == "Deployment" and w.namespace != "kube-system"]
    fixed = sum(w.replicas for w in workloads if w not in scalable)
    base = sum(w.replicas for w in scalable) or 1
    factor = max(0.0, (pods - fixed) / base)
    return [
        replace(w, replicas=max(1, round(w.replicas * factor))) if w in scalable else w for w in workloads
    ]


def _foundations(cluster: Cluster, *, nodes: int, edge: bool) -> None:
    zones = ("a", "b", "c")
    add_node(cluster, f"{cluster.name}-control-0", zone="a", number=0, control=True, cpu=4)
    for number in range(1, nodes + 1):
        zone = zones[number % 3]
        add_node(
            cluster,
            f"{cluster.name}-node-{number}",
            zone=zone,
            number=number,
            control=False,
            cpu=8 if edge else 16,
        )
    cluster.add(
        "storage.k8s.io/storageclasses",
        {
            "metadata": {
                "name": DEFAULT_CLASS,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "disk.csi.shop.example",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": True,
        },
    )
    cluster.add(
        "networking.k8s.io/ingressclasses",
        {"metadata": {"name": "edge", "generation": 1}, "spec": {"controller": "shop.example/edge"}},
    )
    add_namespace(cluster, "default")
    cluster.add(
        "services",
        {
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"},
            },
            "spec": {
                "clusterIP": "10.96.0.1",
                "clusterIPs": ["10.96.0.1"],
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
                "internalTrafficPolicy": "Cluster",
            },
            "status": {"loadBalancer": {}},
        },
    )


def add_node(cluster: Cluster, name: str, *, zone: str, number: int, control: bool, cpu: int) -> None:
    """A node that is Ready."""
    now = rfc3339(cluster.now())
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": cluster.name,
        "topology.kubernetes.io/zone": f"{cluster.name}-{zone}",
    }
    spec: dict[str, Any] = {"podCIDR": f"10.244.{number}.0/24", "podCIDRs": [f"10.244.{number}.0/24"]}
    if control:
        labels["node-role.kubernetes.io/control-plane"] = ""
        spec["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    room = {"cpu": str(cpu), "memory": f"{cpu * 4}Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    states = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    cluster.add(
        "nodes",
        {
            "metadata": {"name": name, "labels": labels},
            "spec": spec,
            "status": {
                "capacity": room,
                "allocatable": room,
                "conditions": [
                    {
                        "type": kind,
                        "status": status,
                        "reason": reason,
                        "message": message,
                        "lastHeartbeatTime": now,
                        "lastTransitionTime": now,
                    }
                    for kind, status, reason, message in states
                ],
                "addresses": [
                    {"type": "InternalIP", "address": f"10.20.0.{number + 10}"},
                    {"type": "Hostname", "address": name},
                ],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                "nodeInfo": {
                    "machineID": cluster.new_uid().replace("-", ""),
                    "systemUUID": cluster.new_uid(),
                    "bootID": cluster.new_uid(),
                    "kernelVersion": "6.12.48+deb13-amd64",
                    "osImage": "Debian GNU/Linux 13 (trixie)",
                    "containerRuntimeVersion": "containerd://2.1.4",
                    "kubeletVersion": cluster.version,
                    "kubeProxyVersion": "",
                    "operatingSystem": "linux",
                    "architecture": "amd64",
                },
            },
        },
    )


def _rights(cluster: Cluster) -> None:
    """The roles behind the demo's three users (see docs/demo.md)."""

    def role(name: str, rules: list[dict[str, Any]]) -> None:
        cluster.add(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})

    everything = {"apiGroups": ["*"], "resources": ["*"]}
    readable = [
        "pods", "pods/log", "pods/status", "services", "endpoints", "events", "configmaps", "nodes",
        "namespaces",
        "persistentvolumes", "persistentvolumeclaims", "serviceaccounts", "resourcequotas", "limitranges",
        "replicationcontrollers",
    ]  # fmt: skip
    groups = [
        "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "storage.k8s.io", "discovery.k8s.io",
        "events.k8s.io", "coordination.k8s.io", "scheduling.k8s.io", "apiextensions.k8s.io",
        "ops.shop.example", "metrics.k8s.io",
    ]  # fmt: skip
    role("cluster-admin", [everything | {"verbs": ["*"]}])
    role(
        "view-all",
        [
            {"apiGroups": [""], "resources": readable, "verbs": _POD_VERBS},
            {"apiGroups": groups, "resources": ["*"], "verbs": _POD_VERBS},
        ],
    )
    role("team-edit", [everything | {"verbs": _ALL_VERBS}])

    def bind(name: str, role_name: str, group: str, namespace: str = "") -> None:
        reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role_name}
        subject = {"apiGroup": RBAC, "kind": "Group", "name": group}
        meta = {"name": name, **({"namespace": namespace} if namespace else {})}
        plural = "rolebindings" if namespace else "clusterrolebindings"
        cluster.add(f"{RBAC}/{plural}", {"metadata": meta, "roleRef": reference, "subjects": [subject]})

    bind("cluster-admin", "cluster-admin", "system:masters")
    bind("viewers", "view-all", "shop:viewers")
    bind("team-pay", "team-edit", "shop:team-pay", TEAM_NAMESPACE)


def _custom_objects(cluster: Cluster) -> None:
    for name, start, minutes, phase in (
        ("database-upgrade", "Sun 02:00", 90, "Scheduled"),
        ("certificate-rotation", "Wed 04:30", 30, "Completed"),
    ):
        namespace = "pay" if cluster.store.get("namespaces", "", "pay") else "ingest"
        cluster.add(
            "ops.shop.example/maintenancewindows",
            {
                "metadata": {"name": name, "namespace": namespace, "generation": 1},
                "spec": {"start": start, "minutes": minutes, "affects": ["api", "ledger"]},
                "status": {"phase": phase},
            },
        )
