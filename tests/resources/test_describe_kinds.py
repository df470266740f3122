"""Descriptions of the kinds that operators ask about: each says in words what its fields mean."""

from __future__ import annotations

from typing import Any

import pytest

from backend.resources.describe import describe

NOW = 86400.0 * 10
WEB = {"matchLabels": {"app": "web"}}
INGRESS = {
    "spec": {
        "ingressClassName": "nginx",
        "defaultBackend": {"resource": {"kind": "Bucket", "name": "static"}},
        "tls": [{"hosts": ["a.example.com"], "secretName": "cert"}],
        "rules": [
            {
                "host": "a.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/api",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "api", "port": {"name": "http"}}},
                        },
                        {
                            "path": "/",
                            "pathType": "Exact",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        },
                    ]
                },
            }
        ],
    }
}
AUTOSCALER = {
    "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 9,
        "metrics": [
            {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}},
            {
                "type": "Object",
                "object": {
                    "metric": {"name": "depth"},
                    "describedObject": {"kind": "Queue", "name": "in"},
                    "target": {"value": "10"},
                },
            },
        ],
    },
    "status": {
        "currentReplicas": 3,
        "desiredReplicas": 4,
        "lastScaleTime": "1970-01-10T22:00:00Z",
        "currentMetrics": [
            {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 93}}}
        ],
    },
}
BUDGET = {
    "spec": {"minAvailable": 2, "selector": WEB},
    "status": {"currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 3},
}
VOLUME = {
    "spec": {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": "pay", "name": "data"},
        "csi": {"driver": "disk.example.com", "volumeHandle": "vol-7"},
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}
                ]
            }
        },
    },
    "status": {"phase": "Failed", "reason": "Gone", "message": "no such disk"},
}
CRON_JOB = {
    "spec": {
        "schedule": "*/5 * * * *",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 60,
        "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "tidy", "image": "img:1"}]}}}},
    },
    "status": {
        "lastScheduleTime": "1970-01-10T23:00:00Z",
        "active": [{"name": "tidy-1"}],
    },
}
POLICY = {
    "spec": {
        "podSelector": WEB,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [
                    {"podSelector": {"matchLabels": {"app": "proxy"}}},
                    {"namespaceSelector": {}},
                    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
                ],
                "ports": [{"port": 80}, {"port": 9000, "endPort": 9010, "protocol": "UDP"}],
            }
        ],
    }
}
ROLE = {
    "rules": [
        {"verbs": ["get", "list"], "apiGroups": ["", "apps"], "resources": ["pods"], "resourceNames": ["a"]},
        {"verbs": ["get"], "nonResourceURLs": ["/healthz"]},
    ],
    "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "view"}}]},
}
BINDING = {
    "roleRef": {"kind": "ClusterRole", "name": "view"},
    "subjects": [{"kind": "ServiceAccount", "namespace": "pay", "name": "robot"}],
}
DEFINITION = {
    "spec": {
        "group": "sea.example.com",
        "scope": "Namespaced",
        "names": {"kind": "Ship", "plural": "ships", "singular": "ship", "shortNames": ["sh"]},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}},
            {"name": "v1beta1", "served": False, "storage": False, "deprecated": True},
        ],
    },
    "status": {"storedVersions": ["v1"]},
}


@pytest.mark.parametrize(
    ("version", "kind", "obj", "lines"),
    [
        (
            "networking.k8s.io/v1",
            "Ingress",
            INGRESS,
            [
                "Class: nginx",
                "Address: none yet",
                "Everything else to: Bucket static",
                "a.example.com /api Prefix service api:http",
                "a.example.com / Exact service web:80",
                "cert a.example.com",
            ],
        ),
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            AUTOSCALER,
            [
                "Scales: Deployment/web",
                "Replicas: 3 now, 4 wanted",
                "Bounds: 2 to 9",
                "Last scaled: 120m ago",
                "cpu of all containers cpu: 93%/80%",
                "depth of Queue/in <unknown>/10",
            ],
        ),
        (
            "policy/v1",
            "PodDisruptionBudget",
            BUDGET,
            [
                "Selects pods with: app=web",
                "At least available: 2",
                "May be evicted now: 0",
                "Pods: 3 counted, 2 healthy, 2 needed",
            ],
        ),
        (
            "v1",
            "PersistentVolume",
            VOLUME,
            [
                "Health: failing: Gone: no such disk",
                "Claim: pay/data",
                "When released: Retain",
                "volumeHandle: vol-7",
                "zone In a, b",
            ],
        ),
        (
            "batch/v1",
            "CronJob",
            CRON_JOB,
            [
                "Schedule: */5 * * * *",
                "Overlap: Forbid: a run is skipped while the last one still runs",
                "Start at the latest: 60s after its time",
                "Last run: 1970-01-10T23:00:00Z (60m ago)",
                "Last success: never",
                "Running now: tidy-1",
                "Keeps: 3 successful and 1 failed jobs",
                "Image: img:1",
            ],
        ),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            POLICY,
            [
                "For pods with: app=web",
                "Ingress: from pods with app=proxy of this namespace or pods in namespaces with any labels "
                "or 10.0.0.0/8 but 10.1.0.0/16 on 80/TCP, 9000-9010/UDP",
                "Egress: nothing is allowed",
            ],
        ),
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            ROLE,
            ["Collects roles with: to=view", "get, list pods, pods.apps a", "get /healthz"],
        ),
        (
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            BINDING,
            ["Role: ClusterRole/view", "Where: this namespace", "ServiceAccount pay robot"],
        ),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            DEFINITION,
            [
                "Group: sea.example.com",
                "Names: ships",
                "v1 yes yes status",
                "v1beta1 no yes",
                "Versions once stored: v1",
            ],
        ),
    ],
)
def test_what_is_said(version: str, kind: str, obj: dict[str, Any], lines: list[str]) -> None:
    whole = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **obj}
    said = [" ".join(line.split()) for line in describe(whole, now=NOW).splitlines()]
    assert [line for line in lines if line not in said] == []


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("networking.k8s.io/v1", "Ingress"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("policy/v1", "PodDisruptionBudget"),
        ("v1", "PersistentVolume"),
        ("batch/v1", "CronJob"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ],
)
def test_an_object_with_nothing_in_it_is_described(version: str, kind: str) -> None:
    assert kind in describe({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}, now=NOW)
