"""Descriptions: what a person needs is there, what is secret or hostile is not."""

from __future__ import annotations

from typing import Any

import pytest

from backend.resources.describe import describe
from backend.resources.kinds.event import Event, EventSource

NOW = 86400.0 * 10


def pod() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "api-1",
            "namespace": "pay",
            "creationTimestamp": "1970-01-08T00:00:00Z",
            "labels": {"app": "api"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "api", "controller": True}],
        },
        "spec": {
            "nodeName": "node-1",
            "tolerations": [
                {"key": "a", "effect": "NoExecute", "tolerationSeconds": 300},
                {"operator": "Exists"},
            ],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
            "containers": [
                {
                    "name": "app",
                    "image": "img:1",
                    "env": [
                        {"name": "A", "value": "1"},
                        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    ],
                    "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "100m"}},
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 80}, "periodSeconds": 5},
                    "volumeMounts": [{"name": "v", "mountPath": "/data", "readOnly": True}],
                }
            ],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "app",
                    "ready": False,
                    "restartCount": 4,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                    "lastState": {
                        "terminated": {
                            "exitCode": 137,
                            "reason": "OOMKilled",
                            "finishedAt": "1970-01-10T23:55:00Z",
                        }
                    },
                }
            ],
            "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
        },
    }


def test_a_crashing_pod() -> None:
    event = Event(type="Warning", reason="BackOff", message="again\n", count=7, source=EventSource("kubelet"))
    lines = [line.strip() for line in describe(pod(), events=[event], cluster="eu", now=NOW).splitlines()]
    text = "\n".join(" ".join(line.split()) for line in lines)
    for expected in (
        "Name: api-1",
        "Cluster: eu",
        "Created: 1970-01-08T00:00:00Z (3d ago)",
        "Health: failing: app: CrashLoopBackOff, last ended OOMKilled (exit 137): back-off",
        "Owner: ReplicaSet/api",
        "State: waiting: CrashLoopBackOff, back-off",
        "Last state: terminated: OOMKilled, exit code 137, ended 5m ago",
        "Restarts: 4",
        "Requests: cpu 100m",
        "Limits: memory 1Gi",
        "Readiness: http /ready on port 80, every 5s, time-out 1s, fails after 3",
        "Environment: A=1",
        "B from secret s, key k",
        "Mounts: /data from v, read only",
        "v claim data",
        "Tolerations: a (NoExecute) for 300s",
        "every taint",
        "Ready False ContainersNotReady",
        "<unknown> Warning BackOff 7 kubelet again",
    ):
        assert expected in text


def test_a_secret_shows_sizes_only() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "aHVudGVyMg=="},
        },
        "type": "Opaque",
        "data": {"password": "aHVudGVyMg=="},
    }
    text = describe(secret, now=NOW)
    assert "aHVudGVyMg" not in text
    assert "password" in text
    assert "masked, 7 bytes" in text


def test_any_other_kind_is_a_tree() -> None:
    obj = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 3, "parts": [{"a": 1}]},
        "status": {"phase": "Made", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    text = describe(obj, now=NOW)
    assert "Kind:  Widget (example.com/v1)" in text
    assert "Spec\n  size: 3\n" in text
    assert "Status\n  phase: Made\n" in text
    assert text.count("conditions") == 0
    assert "none recorded" in text


@pytest.mark.parametrize("kind", ["Pod", "Node", "Service", "ConfigMap", "Secret", "Deployment", "Job"])
def test_empty_and_odd_objects_do_not_break_it(kind: str) -> None:
    version = {"Deployment": "apps/v1", "Job": "batch/v1"}.get(kind, "v1")
    assert "none recorded" in describe({"apiVersion": version, "kind": kind}, now=NOW)
    nulls = {
        "apiVersion": version,
        "kind": kind,
        "metadata": None,
        "spec": None,
        "status": None,
        "data": None,
    }
    assert "none recorded" in describe(nulls, now=NOW)


def test_hostile_text_is_inert() -> None:
    evil = pod()
    evil["metadata"]["name"] = "a\x1b[2Jb"
    evil["metadata"]["labels"] = {"x": "\u202egnp"}
    text = describe(evil, now=NOW)
    assert "\x1b" not in text
    assert "\u202e" not in text
