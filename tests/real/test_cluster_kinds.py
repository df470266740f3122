"""Our columns against kubectl's, cell by cell, on a real API server: network, storage, rights, rest."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.real.api import Api, ApiError
from tests.real.kind_cells import all_compared
from tests.real.rig import Rig
from tests.real.test_kinds import BATCH, SELECTOR, TEMPLATE, ago

EXPECTED = (
    ("cronjobs", 3),
    ("replicationcontrollers", 2),
    ("endpointslices", 4),
    ("endpoints", 4),
    ("ingresses", 4),
    ("ingressclasses", 2),
    ("networkpolicies", 2),
    ("serviceaccounts", 2),
    ("roles", 1),
    ("clusterroles", 2),
    ("rolebindings", 2),
    ("clusterrolebindings", 2),
    ("persistentvolumes", 4),
    ("storageclasses", 2),
    ("horizontalpodautoscalers", 3),
    ("poddisruptionbudgets", 3),
    ("resourcequotas", 2),
    ("limitranges", 1),
    ("priorityclasses", 3),
    ("leases", 2),
    ("certificatesigningrequests", 4),
    ("customresourcedefinitions", 1),
    ("apiservices", 2),
    ("validatingwebhookconfigurations", 1),
    ("mutatingwebhookconfigurations", 1),
)


def make_network(api: Api, namespace: str) -> None:
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    ports = [{"name": "a", "port": 80}, {"name": "b"}, {"name": "c", "port": 1}, {"name": "d"}]
    five = [{"addresses": [f"10.0.0.{n}"], "conditions": {"ready": n != 2}} for n in range(1, 6)]
    for name, body in {
        "many": {"endpoints": five, "ports": ports},
        "few": {"endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"name": "", "port": 443}]},
        "empty": {"endpoints": []},
        "leaving": {
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False, "terminating": True}}]
        },
    }.items():
        made = {"metadata": {"name": name}, "addressType": "IPv4", **body}
        if name == "many":
            made["ports"] = [
                {"name": "a", "port": 80},
                {"name": "b"},
                {"name": "c", "port": 1},
                {"name": "d"},
            ]
        api.post(slices, made)
    several = [{"ip": f"10.0.0.{n}"} for n in range(1, 6)]
    for name, subsets in {
        "many": [{"addresses": several, "notReadyAddresses": [{"ip": "10.0.0.9"}], "ports": [{"port": 80}]}],
        "mixed": [{"addresses": several[:1], "ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]}],
        "headless": [{"addresses": [{"ip": "fd00::1"}]}, {"addresses": several[:4]}],
        "none": None,
    }.items():
        api.post(
            f"/api/v1/namespaces/{namespace}/endpoints", {"metadata": {"name": name}, "subsets": subsets}
        )
    ingresses = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    hosts = [{"host": f"h{n}.example.com"} for n in range(5)]
    for name, spec in {
        "plain": {"defaultBackend": backend},
        "hosts": {"rules": hosts, "ingressClassName": "kinds-nginx"},
        "served": {"rules": [*hosts[:1], {}, *hosts[1:2]], "tls": [{"hosts": ["h0.example.com"]}]},
        "three": {"rules": hosts[:3]},
    }.items():
        api.post(ingresses, {"metadata": {"name": name}, "spec": spec})
    balancer = {"ingress": [{"ip": "9.9.9.9"}, {"hostname": "balancer.with-a-long-name.example.com"}]}
    api.merge(f"{ingresses}/served/status", {"status": {"loadBalancer": balancer}})
    classes = "/apis/networking.k8s.io/v1/ingressclasses"
    parameters = {"apiGroup": "example.com", "kind": "Setup", "name": "one", "scope": "Cluster"}
    api.post(classes, {"metadata": {"name": "kinds-nginx"}, "spec": {"controller": "example.com/nginx"}})
    api.post(
        classes,
        {
            "metadata": {"name": "kinds-set"},
            "spec": {"controller": "example.com/x", "parameters": parameters},
        },
    )
    policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    api.post(policies, {"metadata": {"name": "all"}, "spec": {"podSelector": {}, "ingress": [{}]}})
    api.post(policies, {"metadata": {"name": "some"}, "spec": {"podSelector": SELECTOR}})


def make_rights(api: Api, namespace: str) -> None:
    api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    api.post(
        f"{rbac}/roles",
        {
            "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
        },
    )
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    group = "rbac.authorization.k8s.io"
    subjects = [
        {"kind": "User", "name": "ann", "apiGroup": group},
        {"kind": "User", "name": "bob", "apiGroup": group},
        {"kind": "Group", "name": "ops", "apiGroup": group},
        {"kind": "ServiceAccount", "name": "robot", "namespace": namespace},
    ]
    api.post(f"{rbac}/rolebindings", {"metadata": {"name": "several"}, "roleRef": ref, "subjects": subjects})
    api.post(f"{rbac}/rolebindings", {"metadata": {"name": "nobody"}, "roleRef": ref})


def make_storage(api: Api, namespace: str) -> None:
    volumes = "/api/v1/persistentvolumes"
    base = {"capacity": {"storage": "1536Mi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"]}
    csi = {"csi": {"driver": "kinds.example.com", "volumeHandle": "h"}}
    claim = {"kind": "PersistentVolumeClaim", "namespace": "gone", "name": "away", "uid": "x"}
    for name, more, status in (
        ("kinds-free", {"storageClassName": "fast"}, {"phase": "Available"}),
        ("kinds-bound", {"claimRef": claim, "volumeMode": "Block"}, {"phase": "Bound"}),
        ("kinds-released", {"claimRef": claim}, {"phase": "Released"}),
        (
            "kinds-failed",
            {"claimRef": claim},
            {"phase": "Failed", "reason": "RecycleFailed", "message": "no plugin"},
        ),
    ):
        old = {"annotations": {"volume.beta.kubernetes.io/storage-class": "old"}} if "bound" in name else {}
        policy = {"persistentVolumeReclaimPolicy": "Retain"}
        api.post(volumes, {"metadata": {"name": name, **old}, "spec": {**base, **csi, **policy, **more}})
        api.merge(f"{volumes}/{name}/status", {"status": status})
    classes = "/apis/storage.k8s.io/v1/storageclasses"
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    api.post(
        classes,
        {"metadata": {"name": "kinds-default", "annotations": marked}, "provisioner": "example.com/a"},
    )
    api.post(
        classes,
        {
            "metadata": {"name": "kinds-slow"},
            "provisioner": "example.com/b",
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        },
    )


def of_resource(name: str, **target: Any) -> dict[str, Any]:
    kind = "Utilization" if "averageUtilization" in target else "AverageValue"
    return {"type": "Resource", "resource": {"name": name, "target": {"type": kind, **target}}}


def make_scaling(api: Api, namespace: str) -> None:
    scalers = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
    about = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
    cpu, memory = of_resource("cpu", averageUtilization=80), of_resource("memory", averageValue="512Mi")
    metric = {"name": "queue"}
    outside = {
        "type": "External",
        "external": {"metric": metric, "target": {"type": "AverageValue", "averageValue": "30"}},
    }
    external = {"type": "External", "external": {"metric": metric, "target": {"type": "Value", "value": "7"}}}
    pods = {
        "type": "Pods",
        "pods": {"metric": metric, "target": {"type": "AverageValue", "averageValue": "1k"}},
    }
    on = {"apiVersion": "v1", "kind": "Service", "name": "web"}
    of_object = {
        "type": "Object",
        "object": {"metric": metric, "describedObject": on, "target": {"type": "Value", "value": "10"}},
    }
    inside = {
        "type": "ContainerResource",
        "containerResource": {
            "name": "cpu",
            "container": "app",
            "target": {"type": "Utilization", "averageUtilization": 60},
        },
    }
    no = {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "m"}
    yes = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}
    able = {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale"}
    top = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas", "message": "at max"}
    seen = [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 93}}},
        {"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "600Mi"}}},
    ]
    read = [
        {"type": "Object", "object": {"metric": metric, "describedObject": on, "current": {"value": "12"}}},
        {"type": "Pods", "pods": {"metric": metric, "current": {"averageValue": "1500m"}}},
    ]
    for name, metrics, status in (
        ("blind", [cpu], {"conditions": [able, no]}),
        ("capped", [cpu, memory, outside], {"conditions": [able, yes, top], "currentMetrics": seen}),
        ("calm", [of_object, pods], {"conditions": [able, yes], "currentMetrics": read}),
        ("inner", [inside, external], {"conditions": [able, yes]}),
        ("average", [outside, inside, pods], {}),
    ):
        spec = {"scaleTargetRef": about, "minReplicas": 2, "maxReplicas": 4, "metrics": metrics}
        api.post(scalers, {"metadata": {"name": name}, "spec": spec})
        api.merge(
            f"{scalers}/{name}/status", {"status": {"currentReplicas": 4, "desiredReplicas": 4, **status}}
        )
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    for name, bound, numbers in (
        ("hurt", {"minAvailable": 2}, (0, 1, 2, 3)),
        ("tight", {"maxUnavailable": "25%"}, (0, 2, 2, 2)),
        ("idle", {"minAvailable": "50%"}, (0, 0, 0, 0)),
    ):
        api.post(budgets, {"metadata": {"name": name}, "spec": {"selector": SELECTOR, **bound}})
        fields = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        api.merge(f"{budgets}/{name}/status", {"status": dict(zip(fields, numbers, strict=True))})
    core = f"/api/v1/namespaces/{namespace}"
    hard = {"pods": "4", "limits.cpu": "3", "requests.cpu": "2", "count/deployments.apps": "0"}
    for name, used in (
        ("full", {"pods": "1", "limits.cpu": "1500m", "requests.cpu": "2", "count/deployments.apps": "0"}),
        ("roomy", {"pods": "0"}),
    ):
        # A scope that matches nothing here keeps the quota from refusing this test's own objects.
        api.post(
            f"{core}/resourcequotas",
            {"metadata": {"name": name}, "spec": {"hard": {"pods": "4"}, "scopes": ["Terminating"]}},
        )
        api.merge(f"{core}/resourcequotas/{name}/status", {"status": {"hard": hard, "used": used}})
    limit = {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}
    api.post(f"{core}/limitranges", {"metadata": {"name": "limits"}, "spec": limit})


def make_batch(api: Api, namespace: str) -> None:
    jobs = f"/apis/batch/v1/namespaces/{namespace}/cronjobs"
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": BATCH}}
    for name, more, status in (
        ("nightly", {}, {"lastScheduleTime": ago(7200), "lastSuccessfulTime": ago(90000)}),
        ("paused", {"suspend": True, "timeZone": "Europe/Berlin"}, {}),
        ("fine", {}, {"lastScheduleTime": ago(600), "lastSuccessfulTime": ago(500)}),
    ):
        api.post(jobs, {"metadata": {"name": name}, "spec": {**spec, **more}})
        api.merge(f"{jobs}/{name}/status", {"status": status})
    controllers = f"/api/v1/namespaces/{namespace}/replicationcontrollers"
    labels = {"app": "web"}
    for name, count in (("two", 2), ("zero", 0)):
        template = {"selector": labels, "template": TEMPLATE}
        api.post(controllers, {"metadata": {"name": name}, "spec": {"replicas": count, **template}})


def make_rest(api: Api, namespace: str) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    api.post(leases, {"metadata": {"name": "held"}, "spec": {"holderIdentity": "node-1"}})
    api.post(leases, {"metadata": {"name": "free"}})
    api.post(
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        {"metadata": {"name": "kinds-low"}, "value": -5, "preemptionPolicy": "Never"},
    )
    hooks = "/apis/admissionregistration.k8s.io/v1"
    hook = {
        "name": "a.kinds.example.com",
        "clientConfig": {"url": "https://127.0.0.1:9/x"},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    for plural in ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"):
        other = {**hook, "name": "b.kinds.example.com"}
        api.post(f"{hooks}/{plural}", {"metadata": {"name": "kinds-hooks"}, "webhooks": [hook, other]})
    api.post(
        "/apis/apiregistration.k8s.io/v1/apiservices",
        {
            "metadata": {"name": "v1.kinds.example.com"},
            "spec": {
                "group": "kinds.example.com",
                "version": "v1",
                "service": {"namespace": namespace, "name": "nowhere", "port": 443},
                "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100,
                "versionPriority": 10,
            },
        },
    )
    names = {"plural": "oddities", "singular": "oddity", "kind": "Oddity"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    api.post(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        {
            "metadata": {"name": "oddities.kinds-crd.example.com"},
            "spec": {
                "group": "kinds-crd.example.com",
                "names": names,
                "scope": "Cluster",
                "versions": [version],
            },
        },
    )
    make_requests(api)


def make_requests(api: Api) -> None:
    requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kinds")])
    signing = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    pem = base64.b64encode(signing.public_bytes(serialization.Encoding.PEM)).decode()
    decided = {
        "pending": [],
        "approved": [("Approved", "Ok", "fine")],
        "denied": [("Denied", "No", "not today")],
        "failed": [("Approved", "Ok", "fine"), ("Failed", "Broken", "signer lost")],
    }
    for name, conditions in decided.items():
        spec: dict[str, Any] = {"request": pem, "signerName": "example.com/kinds", "usages": ["client auth"]}
        if name == "approved":
            spec["expirationSeconds"] = 86400
        made = api.post(requests, {"metadata": {"name": f"kinds-{name}"}, "spec": spec})
        for at, (type_, reason, message) in enumerate(conditions):
            found = {"type": type_, "status": "True", "reason": reason, "message": message}
            made["status"].setdefault("conditions", []).append(found)
            door = "status" if at or type_ == "Failed" else "approval"
            made = api.put(f"{requests}/kinds-{name}/{door}", made)


CLUSTER_WIDE = (
    "/apis/networking.k8s.io/v1/ingressclasses/kinds-nginx",
    "/apis/networking.k8s.io/v1/ingressclasses/kinds-set",
    *(f"/api/v1/persistentvolumes/kinds-{name}" for name in ("free", "bound", "released", "failed")),
    "/apis/storage.k8s.io/v1/storageclasses/kinds-default",
    "/apis/storage.k8s.io/v1/storageclasses/kinds-slow",
    "/apis/scheduling.k8s.io/v1/priorityclasses/kinds-low",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kinds-hooks",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/kinds-hooks",
    "/apis/apiregistration.k8s.io/v1/apiservices/v1.kinds.example.com",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/oddities.kinds-crd.example.com",
    *(
        f"/apis/certificates.k8s.io/v1/certificatesigningrequests/kinds-{name}"
        for name in ("pending", "approved", "denied", "failed")
    ),
)


@contextlib.contextmanager
def cleaned(api: Api) -> Iterator[None]:
    """What lies outside the test's namespace goes with the test."""
    try:
        yield
    finally:
        for path in CLUSTER_WIDE:
            with contextlib.suppress(ApiError):
                api.delete(path)


def test_cells_are_kubectls(rig: Rig, namespace: str) -> None:
    api = rig.clusters[0].api()
    with cleaned(api):
        make_network(api, namespace)
        make_rights(api, namespace)
        make_storage(api, namespace)
        make_scaling(api, namespace)
        make_batch(api, namespace)
        make_rest(api, namespace)
        all_compared(api, EXPECTED, namespace)
