"""Server-side apply: who owns what, conflicts, giving up, force."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.demo import fieldsets, ownership
from backend.demo.catalog import Catalog
from backend.demo.cluster import Cluster
from backend.demo.schema import Schema, schema_of
from backend.demo.status import ApiError


@pytest.fixture(scope="module")
def schema() -> Schema:
    resource = Catalog().find("apps", "v1", "deployments")
    assert resource is not None
    return schema_of(Cluster("x"), resource)


def _config(image: str = "web:1", **container: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 1,
            "template": {"spec": {"containers": [{"name": "web", "image": image, **container}]}},
        },
    }


def _apply(
    live: dict[str, Any] | None, config: dict[str, Any], schema: Schema, *, name: str, force: bool = False
) -> dict[str, Any]:
    return ownership.apply(
        copy.deepcopy(live), config, schema, name=name, api_version="apps/v1", subresource="", force=force
    )


def _containers(obj: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = obj["spec"]["template"]["spec"]["containers"]
    return found


def test_the_first_apply_owns_what_it_says(schema: Schema) -> None:
    obj = _apply(None, _config(), schema, name="one")
    (entry,) = obj["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("one", "Apply", "apps/v1")
    assert entry["fieldsV1"] == {
        "f:spec": {
            "f:replicas": {},
            "f:template": {
                "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}}}
            },
        }
    }


def test_another_manager_meets_a_conflict_and_force_takes_over(schema: Schema) -> None:
    live = _apply(None, _config(), schema, name="one")
    with pytest.raises(ApiError) as refused:
        _apply(live, _config("web:2"), schema, name="two")
    assert refused.value.code == 409
    assert refused.value.message == (
        'Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="web"].image'
    )
    forced = _apply(live, _config("web:2"), schema, name="two", force=True)
    assert _containers(forced)[0]["image"] == "web:2"
    with pytest.raises(ApiError, match='conflict with "two"'):
        _apply(forced, _config("web:1"), schema, name="one")


def test_equal_values_are_shared_without_a_conflict(schema: Schema) -> None:
    live = _apply(None, _config(), schema, name="one")
    both = _apply(live, _config(), schema, name="two")
    assert {entry["manager"] for entry in both["metadata"]["managedFields"]} == {"one", "two"}
    alone = _apply(both, {"metadata": {"name": "web"}, "spec": {}}, schema, name="one")
    assert alone["spec"]["replicas"] == 1, "two still owns it"


def test_what_is_given_up_and_owned_by_nobody_goes(schema: Schema) -> None:
    live = _apply(None, _config(env=[{"name": "A", "value": "1"}]), schema, name="one")
    without = _apply(live, _config(), schema, name="one")
    assert "env" not in _containers(without)[0]


def test_lists_merge_by_their_keys(schema: Schema) -> None:
    live = _apply(None, _config(ports=[{"containerPort": 80, "protocol": "TCP"}]), schema, name="one")
    side = {
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "side", "image": "s"}]}}},
    }
    merged = _apply(live, side, schema, name="two")
    assert [c["name"] for c in _containers(merged)] == ["web", "side"]


def test_an_object_without_owners_belongs_to_before_first_apply(schema: Schema) -> None:
    live = _config() | {"metadata": {"name": "web", "creationTimestamp": "2026-01-01T00:00:00Z"}}
    with pytest.raises(ApiError, match='conflict with "before-first-apply" using apps/v1'):
        _apply(live, _config("web:2"), schema, name="one")


def test_an_update_takes_ownership_of_what_it_changes(schema: Schema) -> None:
    live = _apply(None, _config(), schema, name="one")
    new = copy.deepcopy(live)
    new["spec"]["replicas"] = 5
    ownership.record_update(live, new, schema, name="kubectl-edit", api_version="apps/v1", subresource="")
    owners = {m.name: paths for m, paths in ownership.read_owners(new).items()}
    assert ("f:spec", "f:replicas") in owners["kubectl-edit"]
    assert ("f:spec", "f:replicas") not in owners["one"]


_elements = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])


@given(st.frozensets(st.lists(_elements, min_size=1, max_size=4).map(tuple), max_size=8))
def test_field_sets_survive_their_encoding(paths: frozenset[tuple[str, ...]]) -> None:
    assert fieldsets.decode(fieldsets.encode(paths)) == paths
    assert set(fieldsets.ordered(paths)) == paths
