"""The scripted requests that the real and the simulated server both get, in this order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.demo.protobuf_body import body, field

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
JSON_PATCH, APPLY = "application/json-patch+json", "application/apply-patch+yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
CONTAINER = field(2, field(1, "web") + field(2, "web:1"))
CORE, APPS = "/api/v1/namespaces/{ns}", "/apis/apps/v1/namespaces/{ns}"


@dataclass(frozen=True, slots=True)
class Step:
    """One request. ``{ns}`` in the path becomes the test's namespace; ``name`` is unique."""

    name: str
    method: str
    path: str
    body: Any = None
    media: str = "application/json"
    accept: str = "application/json"
    watch: int = 0
    """Read so many watch events instead of one body."""


def _config(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _deployment(name: str, *, replicas: int = 0, **container: Any) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "web:1", **container}]},
            },
        },
    }


def _apply(obj: dict[str, Any]) -> bytes:
    return json.dumps(obj).encode()


def _crd() -> dict[str, Any]:
    group = "{ns}.contract.example"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Colour", "type": "string", "jsonPath": ".spec.colour", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"boxes.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "boxes", "singular": "box", "kind": "Box", "shortNames": ["bx"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "additionalPrinterColumns": columns,
                }
            ],
        },
    }


READING = (
    Step("discovery core", "GET", "/api/v1"),
    Step("discovery groups", "GET", "/apis/apps"),
    Step("discovery of one group version", "GET", "/apis/apps/v1"),
    Step("no such path", "GET", "/nothing/here"),
    Step("no such group", "GET", "/apis/nothing.example/v1/things"),
    Step("no such resource", "GET", "/api/v1/nothings"),
    Step("no such object", "GET", CORE + "/pods/nothing"),
    Step("no such grouped object", "GET", APPS + "/deployments/nothing"),
    Step("empty list", "GET", CORE + "/secrets"),
    Step("empty table", "GET", CORE + "/secrets", accept=TABLE),
    Step("unacceptable", "GET", CORE + "/pods", accept="text/html"),
    Step("bad label selector", "GET", CORE + "/pods?labelSelector=a%20b"),
    Step("bad field selector", "GET", CORE + "/pods?fieldSelector=spec.nothing%3Dx"),
    Step("field selector of another kind", "GET", CORE + "/configmaps?fieldSelector=status.phase%3Dx"),
    Step("match without version", "GET", CORE + "/pods?resourceVersionMatch=Exact"),
    Step("match unknown", "GET", CORE + "/pods?resourceVersionMatch=Odd&resourceVersion=1"),
    Step("exact zero", "GET", CORE + "/pods?resourceVersionMatch=Exact&resourceVersion=0"),
    Step(
        "watch with match", "GET", CORE + "/pods?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1"
    ),
    Step("bad continue", "GET", CORE + "/pods?limit=1&continue=nonsense"),
    Step("bad version", "GET", CORE + "/pods?resourceVersion=abc"),
    Step("future version", "GET", CORE + "/pods?resourceVersion=99999999"),
)
WRITING = (
    Step("create", "POST", CORE + "/configmaps", _config("one", a="1")),
    Step("create again", "POST", CORE + "/configmaps", _config("one", a="1")),
    Step("create dry", "POST", CORE + "/configmaps?dryRun=All", _config("dry", a="1")),
    Step("dry left nothing", "GET", CORE + "/configmaps/dry"),
    Step(
        "create wrong kind",
        "POST",
        CORE + "/configmaps",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}},
    ),
    Step(
        "create wrong version",
        "POST",
        APPS + "/deployments",
        {"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "x"}},
    ),
    Step("create no name", "POST", CORE + "/configmaps", _config("", a="1")),
    Step("create bad name", "POST", CORE + "/configmaps", _config("Bad_Name", a="1")),
    Step(
        "create bad label",
        "POST",
        CORE + "/configmaps",
        {**_config("x"), "metadata": {"name": "x", "labels": {"a": "b c"}}},
    ),
    Step(
        "create other namespace",
        "POST",
        CORE + "/configmaps",
        {**_config("x"), "metadata": {"name": "x", "namespace": "other"}},
    ),
    Step("create in no namespace", "POST", "/api/v1/namespaces/not-there/configmaps", _config("x")),
    Step("create not json", "POST", CORE + "/configmaps", b"{nonsense"),
    Step("create unknown format", "POST", CORE + "/configmaps", b"k8s\x00", media="application/x-unknown"),
    Step(
        "create protobuf",
        "POST",
        CORE + "/configmaps",
        body("v1", "ConfigMap", field(1, field(1, "by-protobuf")), field(2, field(1, "a") + field(2, "1"))),
        media=PROTOBUF,
    ),
    Step("create broken protobuf", "POST", CORE + "/configmaps", b"k8s\x00\x0a\x7f", media=PROTOBUF),
    Step(
        "create deployment by protobuf",
        "POST",
        APPS + "/deployments",
        body(
            "apps/v1",
            "Deployment",
            field(1, field(1, "by-protobuf")),
            field(
                2,
                field(1, 0)
                + field(2, field(1, field(1, "app") + field(2, "p")))
                + field(3, field(1, field(11, field(1, "app") + field(2, "p"))) + field(2, CONTAINER)),
            ),
        ),
        media=PROTOBUF,
    ),
    Step(
        "unknown field strict",
        "POST",
        CORE + "/configmaps?fieldValidation=Strict",
        {**_config("s"), "odd": 1},
    ),
    Step("unknown field warn", "POST", CORE + "/configmaps?fieldValidation=Warn", {**_config("w"), "odd": 1}),
    Step(
        "wrong type",
        "POST",
        APPS + "/deployments",
        {**_deployment("t"), "spec": {**_deployment("t")["spec"], "replicas": "two"}},
    ),
    Step("deployment", "POST", APPS + "/deployments", _deployment("web", ports=[{"containerPort": 80}])),
    Step(
        "deployment without containers",
        "POST",
        APPS + "/deployments",
        {
            **_deployment("x"),
            "spec": {
                **_deployment("x")["spec"],
                "template": {"metadata": {"labels": {"app": "x"}}, "spec": {}},
            },
        },
    ),
    Step(
        "deployment selector mismatch",
        "POST",
        APPS + "/deployments",
        {**_deployment("x"), "spec": {**_deployment("x")["spec"], "selector": {"matchLabels": {"app": "y"}}}},
    ),
    Step("deployment negative", "POST", APPS + "/deployments", _deployment("neg", replicas=-1)),
    Step(
        "secret",
        "POST",
        CORE + "/secrets",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"p": "q"}},
    ),
    Step(
        "claim",
        "POST",
        CORE + "/persistentvolumeclaims",
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "c"},
            "spec": {
                "storageClassName": "nothing",
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            },
        },
    ),
    Step(
        "service",
        "POST",
        CORE + "/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "svc"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        },
    ),
    Step(
        "cronjob",
        "POST",
        "/apis/batch/v1/namespaces/{ns}/cronjobs",
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "cj"},
            "spec": {
                "schedule": "0 0 1 1 *",
                "jobTemplate": {
                    "spec": {
                        "template": {
                            "spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}
                        }
                    }
                },
            },
        },
    ),
    Step(
        "statefulset",
        "POST",
        APPS + "/statefulsets",
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "sts"},
            "spec": {
                "serviceName": "sts",
                "replicas": 0,
                "selector": {"matchLabels": {"app": "sts"}},
                "template": {
                    "metadata": {"labels": {"app": "sts"}},
                    "spec": {"containers": [{"name": "a", "image": "b:1"}]},
                },
            },
        },
    ),
    Step(
        "put stale",
        "PUT",
        CORE + "/configmaps/one",
        {**_config("one", a="2"), "metadata": {"name": "one", "resourceVersion": "1"}},
    ),
    Step("put", "PUT", CORE + "/configmaps/one", _config("one", a="2")),
    Step("put other name", "PUT", CORE + "/configmaps/one", _config("two")),
    Step("put nothing there", "PUT", CORE + "/configmaps/none", _config("none")),
    Step("merge patch", "PATCH", CORE + "/configmaps/one", {"data": {"b": "3", "a": None}}, media=MERGE),
    Step(
        "json patch",
        "PATCH",
        CORE + "/configmaps/one",
        [{"op": "add", "path": "/data/c", "value": "4"}],
        media=JSON_PATCH,
    ),
    Step(
        "json patch misses",
        "PATCH",
        CORE + "/configmaps/one",
        [{"op": "remove", "path": "/data/zz"}],
        media=JSON_PATCH,
    ),
    Step(
        "json patch test fails",
        "PATCH",
        CORE + "/configmaps/one",
        [{"op": "test", "path": "/data/c", "value": "5"}],
        media=JSON_PATCH,
    ),
    Step(
        "strategic env",
        "PATCH",
        APPS + "/deployments/web",
        {
            "spec": {
                "template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}]}]}}
            }
        },
        media=STRATEGIC,
    ),
    Step(
        "strategic second container",
        "PATCH",
        APPS + "/deployments/web",
        {
            "spec": {
                "template": {
                    "spec": {
                        "$setElementOrder/containers": [{"name": "side"}, {"name": "web"}],
                        "containers": [{"name": "side", "image": "side:1"}],
                    }
                }
            }
        },
        media=STRATEGIC,
    ),
    Step(
        "strategic delete env",
        "PATCH",
        APPS + "/deployments/web",
        {
            "spec": {
                "template": {
                    "spec": {"containers": [{"name": "web", "env": [{"name": "A", "$patch": "delete"}]}]}
                }
            }
        },
        media=STRATEGIC,
    ),
    Step("patch unknown media", "PATCH", CORE + "/configmaps/one", {}, media="application/json"),
    Step(
        "patch selector",
        "PATCH",
        APPS + "/deployments/web",
        {"spec": {"selector": {"matchLabels": {"app": "z"}}}},
        media=MERGE,
    ),
    Step("get scale", "GET", APPS + "/deployments/web/scale"),
    Step(
        "patch scale negative",
        "PATCH",
        APPS + "/deployments/web/scale",
        {"spec": {"replicas": -2}},
        media=MERGE,
    ),
    Step("label", "PATCH", APPS + "/deployments/web", {"metadata": {"labels": {"x": "y"}}}, media=MERGE),
    Step(
        "status through main is ignored",
        "PATCH",
        APPS + "/deployments/web",
        {"status": {"replicas": 9}},
        media=MERGE,
    ),
    Step("table of configmaps", "GET", CORE + "/configmaps", accept=TABLE),
    Step("table with objects", "GET", CORE + "/configmaps?includeObject=Object", accept=TABLE),
    Step("table without objects", "GET", CORE + "/configmaps?includeObject=None", accept=TABLE),
    Step("table of deployments", "GET", APPS + "/deployments", accept=TABLE),
    Step("table of statefulsets", "GET", APPS + "/statefulsets", accept=TABLE),
    Step("table of services", "GET", CORE + "/services", accept=TABLE),
    Step("table of claims", "GET", CORE + "/persistentvolumeclaims", accept=TABLE),
    Step("table of cronjobs", "GET", "/apis/batch/v1/namespaces/{ns}/cronjobs", accept=TABLE),
    Step("table of one", "GET", CORE + "/configmaps/one", accept=TABLE),
    Step("partial metadata", "GET", CORE + "/configmaps", accept=PARTIAL),
    Step("page", "GET", CORE + "/configmaps?limit=1"),
    Step("by label", "GET", APPS + "/deployments?labelSelector=app%20in%20(web,x),x"),
    Step("by name", "GET", CORE + "/configmaps?fieldSelector=metadata.name%3Done"),
    Step(
        "watch from zero",
        "GET",
        CORE + "/configmaps?watch=1&fieldSelector=metadata.name%3Done&timeoutSeconds=5",
        watch=1,
    ),
    Step(
        "watch tables",
        "GET",
        CORE + "/configmaps?watch=1&fieldSelector=metadata.name%3Done&timeoutSeconds=5",
        watch=1,
        accept=TABLE,
    ),
    Step(
        "watch streaming list",
        "GET",
        CORE
        + "/configmaps?watch=1&fieldSelector=metadata.name%3Done&timeoutSeconds=5&sendInitialEvents=true"
        + "&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan",
        watch=2,
    ),
    Step(
        "watch streaming tables",
        "GET",
        CORE
        + "/configmaps?watch=1&fieldSelector=metadata.name%3Done&timeoutSeconds=5&sendInitialEvents=true"
        + "&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan",
        watch=2,
        accept=TABLE,
    ),
    Step(
        "put scale",
        "PUT",
        APPS + "/deployments/web/scale",
        {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": "web", "namespace": "{ns}"},
            "spec": {"replicas": 0},
        },
    ),
)
APPLYING = (
    Step(
        "apply creates",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one",
        _apply(_deployment("app")),
        media=APPLY,
    ),
    Step(
        "apply same again",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one",
        _apply(_deployment("app")),
        media=APPLY,
    ),
    Step(
        "apply adds",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one",
        _apply(_deployment("app", env=[{"name": "A", "value": "1"}])),
        media=APPLY,
    ),
    Step(
        "apply conflicts",
        "PATCH",
        APPS + "/deployments/app?fieldManager=two",
        _apply(_deployment("app", image="web:2")),
        media=APPLY,
    ),
    Step(
        "apply conflicts twice",
        "PATCH",
        APPS + "/deployments/app?fieldManager=two",
        _apply(_deployment("app", image="web:2", env=[{"name": "A", "value": "2"}])),
        media=APPLY,
    ),
    Step(
        "apply forced",
        "PATCH",
        APPS + "/deployments/app?fieldManager=two&force=true",
        _apply(_deployment("app", image="web:2")),
        media=APPLY,
    ),
    Step(
        "apply gives up a field",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one&force=true",
        _apply(_deployment("app")),
        media=APPLY,
    ),
    Step(
        "patch takes a field",
        "PATCH",
        APPS + "/deployments/app?fieldManager=three",
        {"spec": {"minReadySeconds": 5}},
        media=MERGE,
    ),
    Step(
        "apply meets the patched field",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one",
        _apply({**_deployment("app"), "spec": {**_deployment("app")["spec"], "minReadySeconds": 6}}),
        media=APPLY,
    ),
    Step(
        "apply without manager", "PATCH", APPS + "/deployments/app", _apply(_deployment("app")), media=APPLY
    ),
    Step(
        "apply unknown field",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one&fieldValidation=Strict",
        _apply({**_deployment("app"), "odd": 1}),
        media=APPLY,
    ),
    Step(
        "apply without kind",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one",
        b'{"metadata":{"name":"app"}}',
        media=APPLY,
    ),
    Step(
        "apply dry",
        "PATCH",
        APPS + "/deployments/app?fieldManager=one&dryRun=All&force=true",
        _apply(_deployment("app", image="web:3")),
        media=APPLY,
    ),
)
CUSTOM = (
    Step("crd", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _crd()),
    Step(
        "custom object",
        "POST",
        "/apis/{ns}.contract.example/v1/namespaces/{ns}/boxes",
        {
            "apiVersion": "{ns}.contract.example/v1",
            "kind": "Box",
            "metadata": {"name": "b"},
            "spec": {"size": 3, "colour": "red"},
        },
    ),
    Step("custom list", "GET", "/apis/{ns}.contract.example/v1/namespaces/{ns}/boxes"),
    Step("custom table", "GET", "/apis/{ns}.contract.example/v1/namespaces/{ns}/boxes", accept=TABLE),
    Step(
        "custom strategic refused",
        "PATCH",
        "/apis/{ns}.contract.example/v1/namespaces/{ns}/boxes/b",
        {"spec": {"size": 4}},
        media=STRATEGIC,
    ),
    Step(
        "custom merge",
        "PATCH",
        "/apis/{ns}.contract.example/v1/namespaces/{ns}/boxes/b",
        {"spec": {"size": 4}},
        media=MERGE,
    ),
    Step("custom group", "GET", "/apis/{ns}.contract.example"),
    Step("custom delete", "DELETE", "/apis/{ns}.contract.example/v1/namespaces/{ns}/boxes/b"),
    Step(
        "crd delete",
        "DELETE",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boxes.{ns}.contract.example",
    ),
)
DELETING = (
    Step("delete wrong uid", "DELETE", CORE + "/configmaps/one", {"preconditions": {"uid": "wrong"}}),
    Step(
        "delete wrong version",
        "DELETE",
        CORE + "/configmaps/one",
        {"preconditions": {"resourceVersion": "1"}},
    ),
    Step("delete bad policy", "DELETE", CORE + "/configmaps/one", {"propagationPolicy": "Odd"}),
    Step("delete dry", "DELETE", CORE + "/configmaps/one?dryRun=All"),
    Step(
        "finalizer",
        "PATCH",
        CORE + "/configmaps/one",
        {"metadata": {"finalizers": ["contract.example/hold"]}},
        media=MERGE,
    ),
    Step("delete held", "DELETE", CORE + "/configmaps/one"),
    Step("held is still there", "GET", CORE + "/configmaps/one"),
    Step("let go", "PATCH", CORE + "/configmaps/one", {"metadata": {"finalizers": None}}, media=MERGE),
    Step("gone", "GET", CORE + "/configmaps/one"),
    Step("delete again", "DELETE", CORE + "/configmaps/one"),
    Step(
        "delete deployment foreground",
        "DELETE",
        APPS + "/deployments/app",
        {"propagationPolicy": "Foreground"},
    ),
    Step("delete collection", "DELETE", CORE + "/secrets"),
    Step("post to an object", "POST", CORE + "/configmaps/one", _config("one")),
    Step("delete all configmaps everywhere is no route", "DELETE", "/api/v1/configmaps"),
)
REVIEWS = (
    Step(
        "may I",
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": "{ns}"}},
        },
    ),
)
STEPS: tuple[Step, ...] = READING + WRITING + APPLYING + CUSTOM + DELETING + REVIEWS
