"""How each kind is judged: healthy and not, always with the reason, from the JSON that servers send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.resources import registry
from backend.resources.kind import Health, Verdict

GONE = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def condition(type_: str, status: str, reason: str = "", message: str = "") -> dict[str, str]:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def conditions(*found: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"status": {"conditions": list(found), **more}}


def assessed(plural: str, obj: dict[str, Any]) -> Verdict:
    kind = next(kind for kind in registry.kinds() if kind.resource.plural == plural)
    page = registry.struct_decoder(kind).page(json.dumps({"metadata": {}, "items": [obj]}).encode())
    assert not page.skipped
    return kind.assess(page.items[0])


ABLE = condition("AbleToScale", "True", "ReadyForNewScale")
ACTIVE = condition("ScalingActive", "True", "ValidMetricFound")
CLAIM = {"claimRef": {"namespace": "pay", "name": "data"}}
OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
CASES: list[tuple[str, dict[str, Any], Health, str]] = [
    ("cronjobs", {"status": {"lastScheduleTime": OLD, "lastSuccessfulTime": NEW}}, Health.OK, ""),
    (
        "cronjobs",
        {"status": {"lastScheduleTime": NEW, "lastSuccessfulTime": OLD}},
        Health.WARNING,
        f"the run of {NEW} did not succeed",
    ),
    ("cronjobs", {"status": {"lastScheduleTime": NEW}}, Health.WARNING, f"the run of {NEW} did not succeed"),
    ("cronjobs", {"status": {"lastScheduleTime": NEW, "active": [{"name": "x"}]}}, Health.OK, ""),
    ("cronjobs", {"spec": {"suspend": True}}, Health.DONE, "suspended"),
    ("cronjobs", {"metadata": GONE}, Health.PROGRESSING, "being deleted"),
    ("replicationcontrollers", {"spec": {"replicas": 0}}, Health.DONE, ""),
    (
        "replicationcontrollers",
        {"spec": {"replicas": 2}, "status": {"replicas": 2, "readyReplicas": 1}},
        Health.WARNING,
        "1 of 2 ready",
    ),
    (
        "replicasets",
        {"spec": {"replicas": 2}, **conditions(condition("ReplicaFailure", "True", "FailedCreate", "quota"))},
        Health.FAILING,
        "FailedCreate: quota",
    ),
    ("endpointslices", {"endpoints": [{"addresses": ["10.0.0.1"]}]}, Health.OK, ""),
    ("endpointslices", {"endpoints": None}, Health.DONE, "no endpoints"),
    (
        "endpointslices",
        {"endpoints": [{"conditions": {"ready": False}}, {"conditions": {"ready": True}}]},
        Health.WARNING,
        "1 of 2 endpoints not ready",
    ),
    (
        "endpointslices",
        {"endpoints": [{"conditions": {"ready": False, "terminating": True}}, {}]},
        Health.OK,
        "",
    ),
    (
        "endpoints",
        {"subsets": [{"addresses": [{"ip": "a"}], "notReadyAddresses": [{"ip": "b"}, {"ip": "c"}]}]},
        Health.WARNING,
        "2 of 3 addresses not ready",
    ),
    ("endpoints", {}, Health.DONE, "no endpoints"),
    ("ingresses", {}, Health.PROGRESSING, "no controller has given it an address"),
    ("ingresses", {"status": {"loadBalancer": {"ingress": [{"hostname": "h"}]}}}, Health.OK, ""),
    ("rolebindings", {"subjects": None}, Health.DONE, "binds nobody"),
    ("clusterrolebindings", {"subjects": [{"kind": "User", "name": "a"}]}, Health.OK, ""),
    ("persistentvolumes", {"status": {"phase": "Available"}}, Health.OK, ""),
    ("persistentvolumes", {"status": {"phase": "Bound"}}, Health.OK, ""),
    (
        "persistentvolumes",
        {"spec": {**CLAIM, "persistentVolumeReclaimPolicy": "Retain"}, "status": {"phase": "Released"}},
        Health.WARNING,
        "its claim pay/data is gone; its data is kept (Retain)",
    ),
    (
        "persistentvolumes",
        {"spec": {**CLAIM, "persistentVolumeReclaimPolicy": "Delete"}, "status": {"phase": "Released"}},
        Health.PROGRESSING,
        "its claim is gone; its storage is being deleted",
    ),
    (
        "persistentvolumes",
        {"status": {"phase": "Failed", "reason": "RecycleFailed", "message": "no plugin"}},
        Health.FAILING,
        "RecycleFailed: no plugin",
    ),
    ("persistentvolumes", {"metadata": GONE}, Health.PROGRESSING, "being deleted"),
    ("horizontalpodautoscalers", {}, Health.UNKNOWN, "no controller has looked at it yet"),
    (
        "horizontalpodautoscalers",
        conditions(ABLE, condition("ScalingActive", "False", "FailedGetResourceMetric", "no metrics")),
        Health.FAILING,
        "FailedGetResourceMetric: no metrics",
    ),
    (
        "horizontalpodautoscalers",
        conditions(ABLE, condition("ScalingActive", "False", "ScalingDisabled", "zero")),
        Health.DONE,
        "its workload is scaled to zero",
    ),
    (
        "horizontalpodautoscalers",
        {
            "spec": {"maxReplicas": 4},
            **conditions(
                ABLE, ACTIVE, condition("ScalingLimited", "True", "TooManyReplicas", "more is wanted")
            ),
        },
        Health.WARNING,
        "at its maximum of 4: TooManyReplicas: more is wanted",
    ),
    (
        "horizontalpodautoscalers",
        conditions(ABLE, ACTIVE, currentReplicas=2, desiredReplicas=3),
        Health.PROGRESSING,
        "scales from 2 to 3",
    ),
    (
        "horizontalpodautoscalers",
        conditions(ABLE, ACTIVE, condition("ScalingLimited", "True", "TooFewReplicas")),
        Health.OK,
        "",
    ),
    ("poddisruptionbudgets", {}, Health.DONE, "selects no pods"),
    (
        "poddisruptionbudgets",
        {"status": {"expectedPods": 3, "currentHealthy": 1, "desiredHealthy": 2}},
        Health.WARNING,
        "1 of 2 needed pods are healthy",
    ),
    (
        "poddisruptionbudgets",
        {"status": {"expectedPods": 2, "currentHealthy": 2, "desiredHealthy": 2}},
        Health.WARNING,
        "no pod may be evicted: drains of their nodes will wait",
    ),
    (
        "poddisruptionbudgets",
        {
            "status": {
                "expectedPods": 3,
                "currentHealthy": 3,
                "desiredHealthy": 2,
                "disruptionsAllowed": 1,
            }
        },
        Health.OK,
        "",
    ),
    (
        "poddisruptionbudgets",
        conditions(condition("DisruptionAllowed", "False", "SyncFailed", "no scale")),
        Health.FAILING,
        "SyncFailed: no scale",
    ),
    (
        "resourcequotas",
        {"status": {"hard": {"pods": "4", "requests.cpu": "2"}, "used": {"requests.cpu": "2000m"}}},
        Health.WARNING,
        "used up: requests.cpu 2000m of 2",
    ),
    ("resourcequotas", {"status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}, Health.OK, ""),
    ("leases", {"spec": {"holderIdentity": "node-1"}}, Health.OK, ""),
    ("leases", {"spec": {}}, Health.DONE, "nobody holds it"),
    (
        "certificatesigningrequests",
        {"status": {}},
        Health.WARNING,
        "waits for someone to approve or deny it",
    ),
    (
        "certificatesigningrequests",
        conditions(condition("Approved", "True")),
        Health.PROGRESSING,
        "approved; its signer has not issued a certificate yet",
    ),
    (
        "certificatesigningrequests",
        conditions(condition("Approved", "True"), certificate="AAAA"),
        Health.OK,
        "",
    ),
    (
        "certificatesigningrequests",
        conditions(condition("Denied", "True", "No", "not today")),
        Health.DONE,
        "denied: No: not today",
    ),
    (
        "certificatesigningrequests",
        conditions(condition("Approved", "True"), condition("Failed", "True", "Broken", "lost")),
        Health.FAILING,
        "failed: Broken: lost",
    ),
    ("customresourcedefinitions", conditions(condition("Established", "True")), Health.OK, ""),
    (
        "customresourcedefinitions",
        conditions(condition("NamesAccepted", "False", "ListKindConflict", "taken")),
        Health.FAILING,
        "ListKindConflict: taken",
    ),
    (
        "customresourcedefinitions",
        conditions(condition("Terminating", "True", "InstanceDeletionFailed", "stuck")),
        Health.FAILING,
        "InstanceDeletionFailed: stuck",
    ),
    ("customresourcedefinitions", {}, Health.PROGRESSING, "not established yet"),
    ("apiservices", conditions(condition("Available", "True")), Health.OK, ""),
    (
        "apiservices",
        conditions(condition("Available", "False", "MissingEndpoints", "none")),
        Health.FAILING,
        "MissingEndpoints: none",
    ),
    ("apiservices", {}, Health.UNKNOWN, "not tried yet"),
    (
        "gateways",
        conditions(condition("Accepted", "True"), condition("Programmed", "Unknown", "Pending", "soon")),
        Health.PROGRESSING,
        "Pending: soon",
    ),
    ("volumesnapshots", {"status": {"error": {"message": "out of space"}}}, Health.FAILING, "out of space"),
    ("volumesnapshots", {}, Health.PROGRESSING, "not ready to use yet"),
]


@pytest.mark.parametrize(("plural", "obj", "health", "why"), CASES)
def test_health(plural: str, obj: dict[str, Any], health: Health, why: str) -> None:
    assert assessed(plural, obj) == Verdict(health, why)


def test_words_of_the_kinds_are_their_own() -> None:
    """What a word means depends on no order."""
    seen: dict[str, str] = {}
    for kind in registry.kinds():
        if kind.resource.full_name == "events.events.k8s.io":
            continue  # the same objects by another API: its plain words mean the core kind on purpose
        for word in registry.words(kind.resource):
            assert seen.setdefault(word, kind.resource.full_name) == kind.resource.full_name
            assert kind.custom or registry.builtin(word) is kind
