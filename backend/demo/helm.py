"""Helm releases, stored as Helm stores them: a Secret (or ConfigMap) for each revision."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import yaml

from backend.demo.ages import DAY, rfc3339
from backend.demo.cluster import Cluster
from backend.demo.manifests import workload_objects
from backend.demo.workloads import EDGE, SHOP, Workload

_KINDS = {
    "configmaps": ("v1", "ConfigMap"),
    "secrets": ("v1", "Secret"),
    "services": ("v1", "Service"),
    "apps/deployments": ("apps/v1", "Deployment"),
    "apps/statefulsets": ("apps/v1", "StatefulSet"),
    "apps/daemonsets": ("apps/v1", "DaemonSet"),
    "networking.k8s.io/ingresses": ("networking.k8s.io/v1", "Ingress"),
    "policy/poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget"),
}
_DESCRIPTIONS = {
    "deployed": "Upgrade complete",
    "superseded": "Upgrade complete",
    "pending-upgrade": "Preparing upgrade",
    "failed": 'Upgrade "{name}" failed: context deadline exceeded',
}


@dataclass(frozen=True, slots=True)
class Chart:
    """What was installed with Helm: one workload of the demo, and how often it was upgraded."""

    workload: str
    namespace: str
    version: str
    revisions: int
    last: str = "deployed"
    """The status of the newest revision."""
    driver: Literal["secrets", "configmaps"] = "secrets"


_EVERYWHERE = (
    Chart("metrics-server", "kube-system", "3.13.0", 1),
    Chart("collector", "observe", "0.139.1", 5),
    Chart("dashboards", "observe", "10.1.4", 2),
)
CHARTS: dict[str, tuple[Chart, ...]] = {
    "prod-eu": (*_EVERYWHERE, Chart("ledger", "pay", "2.9.0", 4), Chart("session-store", "cart", "7.4.1", 2)),
    "prod-us": (*_EVERYWHERE, Chart("ledger", "pay", "2.9.0", 4, last="failed")),
    "edge-7": (
        Chart("metrics-server", "kube-system", "3.13.0", 1),
        Chart("local-cache", "edge", "1.2.0", 3, last="pending-upgrade", driver="configmaps"),
    ),
}


def install(cluster: Cluster) -> None:
    """Store the releases of this cluster; clusters without a list of their own have what is everywhere."""
    workloads = {(w.namespace, w.name): w for w in (*SHOP, *EDGE)}
    present = {name for _, name in cluster.store.collection("namespaces").items}
    for chart in CHARTS.get(cluster.name, _EVERYWHERE):
        workload = workloads.get((chart.namespace, chart.workload))
        if workload is not None and chart.namespace in present:
            _store(cluster, chart, workload)


def _store(cluster: Cluster, chart: Chart, workload: Workload) -> None:
    before = cluster.moment
    newest = cluster.now() - cluster.random.uniform(1, 9) * DAY
    for number in range(1, chart.revisions + 1):
        age = (chart.revisions - number) * 12 * DAY
        cluster.moment = newest - age
        status = chart.last if number == chart.revisions else "superseded"
        if chart.last != "deployed" and number == chart.revisions - 1:
            status = "deployed"
        first = rfc3339(newest - (chart.revisions - 1) * 12 * DAY)
        release = _release(chart, workload, number, status, first=first, now=rfc3339(cluster.moment))
        cluster.add(chart.driver, _stored(chart, release, number, status, int(cluster.moment)))
    cluster.moment = before


def _release(
    chart: Chart, workload: Workload, number: int, status: str, *, first: str, now: str
) -> dict[str, Any]:
    description = "Install complete" if number == 1 and status != "failed" else _DESCRIPTIONS[status]
    major, minor, patch = chart.version.split(".")
    version = f"{major}.{minor}.{max(0, int(patch) - (chart.revisions - number))}"
    return {
        "name": workload.name,
        "namespace": workload.namespace,
        "version": number,
        "info": {
            "first_deployed": first,
            "last_deployed": now,
            "deleted": "",
            "description": description.format(name=workload.name),
            "status": status,
            "notes": _notes(workload),
        },
        "chart": {
            "metadata": {
                "name": workload.name,
                "version": version,
                "appVersion": workload.version,
                "apiVersion": "v2",
                "description": f"The shop's {workload.name}",
            },
            "values": _defaults(workload),
            "templates": [],
            "files": [],
        },
        "config": _given(workload, number),
        "manifest": _manifest(workload),
        "hooks": [],
    }


def _defaults(workload: Workload) -> dict[str, Any]:
    return {
        "replicaCount": 1,
        "image": {
            "repository": workload.image_name.rpartition(":")[0],
            "tag": "",
            "pullPolicy": "IfNotPresent",
        },
        "service": {"type": "ClusterIP", "port": workload.port},
        "auth": {"username": workload.name, "password": "", "existingSecret": ""},
        "resources": {"requests": {"cpu": workload.cpu, "memory": workload.memory}},
        "tolerations": [],
    }


def _given(workload: Workload, number: int) -> dict[str, Any]:
    password = f"demo-{workload.namespace}-{workload.name}-not-a-secret"
    return {
        "replicaCount": workload.replicas,
        "image": {"tag": workload.version},
        "auth": {"password": password},
        "podAnnotations": {"shop.example/release": str(number)},
    }


def _notes(workload: Workload) -> str:
    return (
        f"Inside the cluster: {workload.name}.{workload.namespace}:{workload.port}\n"
        f"Its password is in the secret {workload.name}-credentials.\n"
    )


def _manifest(workload: Workload) -> str:
    documents = []
    for collection, obj in workload_objects(workload):
        api_version, kind = _KINDS[collection]
        shown = {"apiVersion": api_version, "kind": kind, **{k: v for k, v in obj.items() if k != "status"}}
        text = yaml.dump(shown, Dumper=yaml.CSafeDumper, sort_keys=False)
        source = f"# Source: {workload.name}/templates/{kind.lower()}.yaml"
        documents.append(f"---\n{source}\n{text}")
    return "".join(documents)


def _stored(chart: Chart, release: dict[str, Any], number: int, status: str, modified: int) -> dict[str, Any]:
    packed = base64.b64encode(gzip.compress(msgspec.json.encode(release), mtime=0)).decode()
    metadata = {
        "name": f"sh.helm.release.v1.{chart.workload}.v{number}",
        "namespace": chart.namespace,
        "labels": {
            "modifiedAt": str(modified),
            "name": chart.workload,
            "owner": "helm",
            "status": status,
            "version": str(number),
        },
    }
    if chart.driver == "configmaps":
        return {"metadata": metadata, "data": {"release": packed}}
    data = {"release": base64.b64encode(packed.encode()).decode()}
    return {"metadata": metadata, "type": "helm.sh/release.v1", "data": data}
