"""Workloads as the API objects that a team would apply."""

from __future__ import annotations

import base64
from typing import Any

from backend.demo.workloads import Workload, pod_template


def workload_objects(workload: Workload) -> list[tuple[str, dict[str, Any]]]:
    """(collection, object) of a workload and what goes with it, in the order of creation."""
    objects: list[tuple[str, dict[str, Any]]] = []
    if workload.namespace != "kube-system" and workload.kind in ("Deployment", "StatefulSet"):
        objects.append(("configmaps", _config(workload)))
        objects.append(("secrets", _secret(workload)))
    build = {
        "Deployment": ("apps/deployments", _deployment),
        "StatefulSet": ("apps/statefulsets", _stateful_set),
        "DaemonSet": ("apps/daemonsets", _daemon_set),
        "CronJob": ("batch/cronjobs", _cron_job),
    }
    collection, make = build[workload.kind]
    if workload.kind in ("Deployment", "StatefulSet"):
        objects.append(("services", _service(workload)))
    objects.append((collection, make(workload)))
    if workload.exposed:
        objects.append(("networking.k8s.io/ingresses", _ingress(workload)))
        objects.append(("policy/poddisruptionbudgets", _budget(workload)))
    return objects


def _meta(workload: Workload, name: str = "") -> dict[str, Any]:
    return {"name": name or workload.name, "namespace": workload.namespace, "labels": workload.labels}


def _selector(workload: Workload) -> dict[str, Any]:
    return {"matchLabels": {"app": workload.name}}


def _deployment(workload: Workload) -> dict[str, Any]:
    return {
        "metadata": _meta(workload) | {"generation": 1},
        "spec": {
            "replicas": workload.replicas,
            "selector": _selector(workload),
            "template": pod_template(workload),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
            },
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
        "status": {},
    }


def _stateful_set(workload: Workload) -> dict[str, Any]:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": workload.storage}},
            "volumeMode": "Filesystem",
        },
        "status": {"phase": "Pending"},
    }
    return {
        "metadata": _meta(workload) | {"generation": 1},
        "spec": {
            "replicas": workload.replicas,
            "selector": _selector(workload),
            "template": pod_template(workload),
            "volumeClaimTemplates": [claim] if workload.storage else [],
            "serviceName": workload.name,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "revisionHistoryLimit": 10,
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        },
        "status": {"replicas": 0, "availableReplicas": 0},
    }


def _daemon_set(workload: Workload) -> dict[str, Any]:
    template = pod_template(workload)
    template["spec"]["tolerations"] = [{"operator": "Exists"}]
    return {
        "metadata": _meta(workload) | {"generation": 1},
        "spec": {
            "selector": _selector(workload),
            "template": template,
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
            },
            "revisionHistoryLimit": 10,
        },
        "status": {
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        },
    }


def _cron_job(workload: Workload) -> dict[str, Any]:
    job = {"template": pod_template(workload), "backoffLimit": 3, "completions": 1, "parallelism": 1}
    return {
        "metadata": _meta(workload) | {"generation": 1},
        "spec": {
            "schedule": workload.schedule,
            "concurrencyPolicy": "Forbid",
            "suspend": False,
            "jobTemplate": {"metadata": {"labels": workload.labels}, "spec": job},
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        },
        "status": {},
    }


def _service(workload: Workload) -> dict[str, Any]:
    address = cluster_ip(f"{workload.namespace}/{workload.name}")
    headless = workload.kind == "StatefulSet"
    port = {"name": "main", "protocol": "TCP", "port": workload.port, "targetPort": workload.port}
    return {
        "metadata": _meta(workload),
        "spec": {
            "ports": [port],
            "selector": {"app": workload.name},
            "clusterIP": "None" if headless else address,
            "clusterIPs": ["None" if headless else address],
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
        },
        "status": {"loadBalancer": {}},
    }


def cluster_ip(text: str) -> str:
    from backend.demo.recorder import hash_text

    value = hash_text(text)
    return f"10.96.{value % 255}.{value // 255 % 253 + 1}"


def _ingress(workload: Workload) -> dict[str, Any]:
    host = f"{workload.name}.{workload.namespace}.shop.example"
    backend = {"service": {"name": workload.name, "port": {"number": workload.port}}}
    return {
        "metadata": _meta(workload) | {"generation": 1},
        "spec": {
            "ingressClassName": "edge",
            "rules": [
                {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
            ],
            "tls": [{"hosts": [host], "secretName": f"{workload.name}-credentials"}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
    }


def _budget(workload: Workload) -> dict[str, Any]:
    return {
        "metadata": _meta(workload) | {"generation": 1},
        "spec": {"maxUnavailable": 1, "selector": _selector(workload)},
        "status": {
            "disruptionsAllowed": 1,
            "currentHealthy": workload.replicas,
            "desiredHealthy": max(0, workload.replicas - 1),
            "expectedPods": workload.replicas,
            "observedGeneration": 1,
        },
    }


def _config(workload: Workload) -> dict[str, Any]:
    data = {"app.yaml": f"name: {workload.name}\nport: {workload.port}\n", "LOG_LEVEL": "info"}
    return {"metadata": _meta(workload, f"{workload.name}-config"), "data": data}


def _secret(workload: Workload) -> dict[str, Any]:
    words = {"username": workload.name, "password": f"demo-{workload.namespace}-{workload.name}-not-a-secret"}
    return {
        "metadata": _meta(workload, f"{workload.name}-credentials"),
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in words.items()},
        "type": "Opaque",
    }
