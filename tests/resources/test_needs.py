"""Effective requests and limits, against the examples of the scheduler's own rules."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from backend.resources.kinds.pod import project
from backend.resources.needs import Amounts
from backend.resources.pod_status import OomKill, PodWire

MI = 2.0**20


def pod(**spec: Any) -> Any:
    document = {"metadata": {"name": "p"}, "spec": spec, "status": {}}
    return project(msgspec.json.decode(json.dumps(document).encode(), type=PodWire))


def asks(cpu: str = "", memory: str = "", *, name: str = "c", **more: Any) -> dict[str, Any]:
    amounts = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": name, "resources": {"requests": amounts}} | more


def test_containers_add_up() -> None:
    needs = pod(containers=[asks("100m", "64Mi"), asks("1", "64Mi"), {"name": "free"}]).needs
    assert needs.requests == Amounts(1.1, 128 * MI)
    assert needs.limits == Amounts(None, None)


def test_an_init_container_counts_as_a_maximum_and_a_sidecar_runs_on() -> None:
    containers = [asks("200m", "100Mi")]
    assert pod(containers=containers, initContainers=[asks("2", "50Mi")]).needs.requests == Amounts(
        2.0, 100 * MI
    )
    sidecar = asks("100m", "10Mi", restartPolicy="Always")
    needs = pod(containers=containers, initContainers=[sidecar, asks("500m"), sidecar]).needs
    # beside the second init container only the first sidecar runs: 0.6; in the end both: 0.4
    assert needs.requests.cpu == pytest.approx(0.6)
    assert needs.requests.memory == 120 * MI
    assert [one.name for one in needs.containers] == ["c", "c", "c"]


def test_overhead_comes_on_top_and_amounts_of_the_pod_replace_its_parts() -> None:
    overhead = {"cpu": "250m", "memory": "120Mi"}
    needs = pod(containers=[asks("1")], overhead=overhead).needs
    assert needs.requests == Amounts(1.25, 120 * MI)
    assert needs.limits == Amounts(None, None)
    whole = {"requests": {"cpu": "3"}, "limits": {"cpu": "4"}}
    needs = pod(containers=[asks("1", "1Mi")], resources=whole, overhead=overhead).needs
    assert needs.requests == Amounts(3.25, 121 * MI)
    assert needs.limits.cpu == 4.25
    assert needs.cpu_bound
    assert not needs.memory_bound


def test_a_limit_is_one_only_where_every_container_has_it() -> None:
    limited = {"name": "a", "resources": {"limits": {"cpu": "1", "memory": "64Mi"}}}
    half = {"name": "b", "resources": {"limits": {"memory": "64Mi"}}}
    needs = pod(containers=[limited, half]).needs
    assert (needs.cpu_bound, needs.memory_bound) == (False, True)
    assert needs.limits == Amounts(1.0, 128 * MI)
    init_only = {"name": "i", "resources": {"limits": {"cpu": "9"}}}
    assert not pod(containers=[half], initContainers=[init_only]).needs.cpu_bound


@pytest.mark.parametrize("odd", ["-1", "NaN", "lots", "", 3, 1.5, None])
def test_an_amount_that_makes_no_sense_counts_as_not_said(odd: Any) -> None:
    needs = pod(containers=[{"name": "c", "resources": {"requests": {"cpu": odd}}}]).needs
    assert needs.requests.cpu == (odd if isinstance(odd, int | float) else None)


def test_replicas_share_what_they_need() -> None:
    one, other = (pod(containers=[asks("100m")]) for _ in range(2))
    assert one.needs is other.needs


def test_kills_for_memory_are_kept_with_their_time() -> None:
    ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-01-02T03:04:05Z"}
    statuses = [
        {"name": "now", "state": {"terminated": ended}, "lastState": {"terminated": ended}},
        {"name": "before", "state": {"running": {}}, "lastState": {"terminated": ended}},
        {"name": "else", "state": {"running": {}}, "lastState": {"terminated": {"reason": "Error"}}},
    ]
    document = {"metadata": {"name": "p"}, "status": {"containerStatuses": statuses}}
    found = project(msgspec.json.decode(json.dumps(document).encode(), type=PodWire))
    assert found.oom_kills == (
        OomKill("now", "2026-01-02T03:04:05Z"),
        OomKill("before", "2026-01-02T03:04:05Z"),
    )
