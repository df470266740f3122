"""What objects remember: revisions and differences, conditions, endings, writes; odd shapes are survived."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.observe.timeline.changes import changes_of
from backend.observe.timeline.happening import Happening, What
from backend.observe.timeline.revisions import differences, rollouts
from backend.resources.kind import Health
from tests.observe.timeline.objects import NOW, meta, relative, relatives, replica_set, stamp


def told(kind: str, obj: dict[str, Any]) -> list[Happening]:
    return list(changes_of(relative(kind, obj)))


def test_each_revision_says_what_it_changed() -> None:
    found = relatives(
        relative("ReplicaSet", replica_set("api-1", 1, "shop/api:1.2", ago=9000)),
        relative("ReplicaSet", replica_set("api-2", 2, "shop/api:1.3", ago=600, resources={"cpu": 1})),
    )
    (rollout,) = rollouts(found)
    assert (rollout.title, rollout.text) == ("revision 2", "image api: 1.2 → 1.3; resources api")
    assert NOW - rollout.at == 600
    assert rollout.subject.name == "api-2"


def test_a_roll_back_is_dated_by_what_wrote_its_number_or_not_at_all() -> None:
    first = replica_set("api-1", 3, "shop/api:1.2", ago=9000)
    second = relative("ReplicaSet", replica_set("api-2", 2, "shop/api:1.3", ago=600))
    (rollout,) = rollouts(relatives(relative("ReplicaSet", first), second))
    assert rollout.text == "back to api-1; image api: 1.3 → 1.2"
    assert rollout.at == 0.0
    annotated = {"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}}}
    first["metadata"]["managedFields"] = [{"manager": "m", "time": stamp(60), "fieldsV1": annotated}]
    (rollout,) = rollouts(relatives(relative("ReplicaSet", first), second))
    assert NOW - rollout.at == 60


def test_values_of_variables_are_never_told() -> None:
    before = {"spec": {"containers": [{"name": "a", "env": [{"name": "OLD", "value": "canary-1"}]}]}}
    after = {
        "spec": {
            "containers": [
                {"name": "a", "env": [{"name": "NEW", "value": "canary-2"}], "args": ["--token=canary-3"]},
                {"name": "b"},
            ],
            "volumes": [{"name": "v", "secret": {"secretName": "canary-4"}}],
        }
    }
    found = differences(before, after)
    assert found == ["+container b", "env a: +NEW, -OLD", "args a", "spec.volumes"]
    assert "canary" not in " ".join(found)


def test_another_repository_is_named_and_a_digest_cut() -> None:
    def of(image: str) -> dict[str, Any]:
        return {"spec": {"containers": [{"name": "a", "image": image}]}}

    assert differences(of("r.example:5000/x/api:1"), of("r.example:5000/y/app:1")) == [
        "image a: api:1 → app:1"
    ]
    (told_,) = differences(of("x/api:1"), of(f"x/api@sha256:{'a' * 64}"))
    assert told_ == f"image a: 1 → sha256:{'a' * 12}"


def test_conditions_tell_when_it_turned_bad_and_when_it_was_well_again() -> None:
    def with_condition(**condition: Any) -> dict[str, Any]:
        return {"metadata": meta("x", ago=9000), "status": {"conditions": [condition]}}

    bad = with_condition(
        type="Ready", status="False", lastTransitionTime=stamp(50), reason="Why", message="so"
    )
    (_, found) = told("Pod", bad)
    assert (found.title, found.text, found.health) == ("Ready=False", "Why: so", Health.FAILING)
    (_, found) = told(
        "Node", with_condition(type="DiskPressure", status="True", lastTransitionTime=stamp(50))
    )
    assert found.health is Health.WARNING
    (_, found) = told("Pod", with_condition(type="Ready", status="True", lastTransitionTime=stamp(50)))
    assert (found.title, found.health) == ("Ready=True", Health.OK)
    (_, found) = told("Pod", with_condition(type="Ready", status="False", lastTransitionTime=stamp(9000)))
    assert found.health is Health.WARNING, "every pod begins so"
    start = with_condition(type="Ready", status="True", lastTransitionTime=stamp(8990))
    assert [one.title for one in told("Pod", start)] == ["created"], "its start is no news"


def test_endings_of_containers() -> None:
    status = {
        "name": "api",
        "restartCount": 3,
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": stamp(30)}},
        "state": {"running": {"startedAt": stamp(20)}},
    }
    (_, ended, again) = told("Pod", {"metadata": meta("x"), "status": {"containerStatuses": [status]}})
    assert (ended.title, ended.text, ended.health) == (
        "OOMKilled",
        "container api ended: OOMKilled (137)",
        Health.FAILING,
    )
    assert (again.what, again.text) == (What.RESTART, "container api runs again, restart 3")


def test_writes_name_who_wrote_which_fields_and_leave_out_bookkeeping() -> None:
    def entry(manager: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"manager": manager, "operation": "Update", "time": stamp(10), "fieldsV1": fields} | more

    obj = {
        "metadata": meta(
            "x",
            managedFields=[
                entry("kubectl-edit", {"f:spec": {"f:replicas": {}}}),
                entry("kube-controller-manager", {"f:status": {}}),
                entry("helm", {"f:status": {}}, subresource="status"),
                entry("kubectl-create", {"f:spec": {}}, time=stamp(3600)),
            ],
        )
    }
    (_, write) = told("Deployment", obj)
    assert (write.title, write.text) == ("scaled", "kubectl-edit (Update) last wrote spec.replicas")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = ["metadata", "status", "spec", "metadata.managedFields", "status.conditions", "spec.template"]
PLACES += ["status.containerStatuses", "spec.taints", "metadata.annotations", "spec.template.spec.containers"]


@settings(max_examples=200)
@given(place=st.sampled_from(PLACES), odd=JSON, kind=st.sampled_from(["Pod", "Node", "ReplicaSet", "Job"]))
def test_no_shape_is_too_odd(place: str, odd: Any, kind: str) -> None:
    obj: dict[str, Any] = json.loads(json.dumps(replica_set("x", 1, "a:1", ago=60)))
    *path, last = place.split(".")
    at: Any = obj
    for step in path:
        at = at.setdefault(step, {})
    at[last] = odd
    one = relative(kind, obj) if isinstance(obj.get("metadata"), dict) else None
    if one is None:
        return
    list(changes_of(one))
    other = relative("ReplicaSet", replica_set("y", 2, "a:2", ago=30))
    list(rollouts(relatives(one, other)))


@pytest.mark.parametrize("when", ["", "yesterday", None, 7])
def test_times_that_are_none_tell_nothing(when: Any) -> None:
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": when}
    found = told("Pod", {"metadata": meta("x"), "status": {"conditions": [condition]}})
    assert [one.title for one in found] == ["created"]
