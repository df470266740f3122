"""The three patches: RFC 7386's own examples, RFC 6902's operations, strategic merge by merge keys."""

from __future__ import annotations

from typing import Any

import pytest

from backend.demo.catalog import Catalog
from backend.demo.cluster import Cluster
from backend.demo.patches import json_patch, merge_patch, strategic_merge
from backend.demo.schema import Schema, drop_empty, schema_of, unknown_fields, wrong_type
from backend.demo.status import ApiError


@pytest.fixture(scope="module")
def deployment() -> Schema:
    resource = Catalog().find("apps", "v1", "deployments")
    assert resource is not None
    return schema_of(Cluster("x"), resource)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


def test_json_patch_leaves_the_original_alone() -> None:
    target = {"a": [1, 2], "b": {"c/d": 1}}
    patch = [
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "add", "path": "/a/1", "value": 9},
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "move", "from": "/b/c~1d", "path": "/e"},
        {"op": "replace", "path": "/a/0", "value": 0},
        {"op": "remove", "path": "/b"},
    ]
    assert json_patch(target, patch) == {"a": [0, 9, 2, 3], "e": 1}
    assert target == {"a": [1, 2], "b": {"c/d": 1}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/zz"},
        {"op": "replace", "path": "/zz", "value": 1},
        {"op": "add", "path": "/l/9", "value": 1},
        {"op": "add", "path": "/l/-1", "value": 1},
        {"op": "odd", "path": "/a"},
        {"path": "/a"},
    ],
)
def test_json_patch_that_does_not_apply(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        json_patch({"a": 1, "l": []}, [operation])
    assert refused.value.code == 422


def _pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(containers), **spec}}}}


def test_strategic_merges_containers_by_name(deployment: Schema) -> None:
    live = _pod(
        {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}
    )
    patch = _pod({"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]})
    merged = strategic_merge(live, patch, deployment)
    first, second = merged["spec"]["template"]["spec"]["containers"]
    assert first["image"] == "a:2"
    assert first["env"] == [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]
    assert second == {"name": "b", "image": "b:1"}
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "a:1"


def test_strategic_directives(deployment: Schema) -> None:
    live = _pod({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}, nodeSelector={"x": "y"})
    removed = strategic_merge(live, _pod({"name": "a", "$patch": "delete"}), deployment)
    assert [c["name"] for c in removed["spec"]["template"]["spec"]["containers"]] == ["b"]
    replaced = strategic_merge(
        live, {"spec": {"template": {"spec": {"nodeSelector": {"$patch": "replace", "p": "q"}}}}}, deployment
    )
    assert replaced["spec"]["template"]["spec"]["nodeSelector"] == {"p": "q"}
    ordered = strategic_merge(
        live,
        {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}}},
        deployment,
    )
    assert [c["name"] for c in ordered["spec"]["template"]["spec"]["containers"]] == ["b", "a"]


def test_strategic_retain_keys(deployment: Schema) -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(live, patch, deployment)["spec"]["strategy"] == {"type": "Recreate"}


def test_strategic_without_merge_key_is_refused(deployment: Schema) -> None:
    with pytest.raises(ApiError, match="does not contain declared merge key: name"):
        strategic_merge(_pod({"name": "a"}), _pod({"image": "x"}), deployment)


def test_schema_knows_what_it_does_not_know(deployment: Schema) -> None:
    obj = {"spec": {"replica": 1, "template": {"spec": {"containers": [{"name": "a", "imag": "b"}]}}}}
    assert unknown_fields(deployment, obj) == ["spec.replica", "spec.template.spec.containers[0].imag"]
    assert wrong_type(deployment, {"spec": {"replicas": "2"}}) == "spec.replicas"
    assert wrong_type(deployment, {"spec": {"strategy": {"rollingUpdate": {"maxSurge": "25%"}}}}) == ""


def test_empty_optional_fields_vanish_as_in_go(deployment: Schema) -> None:
    obj: dict[str, Any] = {
        "metadata": {"labels": {}},
        "spec": {"template": {"spec": {"securityContext": {}}}},
    }
    drop_empty(deployment, obj)
    assert obj == {"metadata": {}, "spec": {"template": {"spec": {"securityContext": {}}}}}
