"""kubectl's STATUS of pods in trouble (a real server confirms it in tests/real/test_kinds)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backend.resources.kind import Health
from backend.resources.pod_status import PodWire, Summary, summarise


def pod(*, spec: dict[str, Any] | None = None, meta: dict[str, Any] | None = None, **status: Any) -> Summary:
    containers = {"containers": [{"name": "app"}], **(spec or {})}
    document = {"metadata": {"name": "p", **(meta or {})}, "spec": containers, "status": status}
    return summarise(msgspec.json.decode(msgspec.json.encode(document), type=PodWire))


def container(name: str = "app", *, ready: bool = False, **state: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "restartCount": 0, "state": state}


RUNNING = container(ready=True, running={})
READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("status", "shown", "health"),
    [
        ({"phase": "Running", "containerStatuses": [RUNNING]}, "Running", Health.OK),
        ({"phase": "Running", "containerStatuses": [container(running={})]}, "Running", Health.WARNING),
        ({"phase": "Pending"}, "Pending", Health.PROGRESSING),
        (
            {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
            },
            "Pending",
            Health.WARNING,
        ),
        (
            {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
            },
            "SchedulingGated",
            Health.PROGRESSING,
        ),
        (
            {"phase": "Pending", "containerStatuses": [container(waiting={"reason": "ContainerCreating"})]},
            "ContainerCreating",
            Health.PROGRESSING,
        ),
        (
            {"phase": "Running", "containerStatuses": [container(waiting={"reason": "CrashLoopBackOff"})]},
            "CrashLoopBackOff",
            Health.FAILING,
        ),
        (
            {"phase": "Failed", "containerStatuses": [container(terminated={"exitCode": 137, "signal": 9})]},
            "Signal:9",
            Health.FAILING,
        ),
        (
            {"phase": "Failed", "containerStatuses": [container(terminated={"exitCode": 3})]},
            "ExitCode:3",
            Health.FAILING,
        ),
        (
            {
                "phase": "Succeeded",
                "containerStatuses": [container(terminated={"exitCode": 0, "reason": "Completed"})],
            },
            "Completed",
            Health.DONE,
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk"}, "Evicted", Health.FAILING),
        ({"reason": "NodeLost"}, "NodeLost", Health.UNKNOWN),
    ],
)
def test_status(status: dict[str, Any], shown: str, health: Health) -> None:
    summary = pod(**status)
    assert (summary.status, summary.verdict.health) == (shown, health)


def test_completed_beside_running_is_running_only_when_the_pod_is_ready() -> None:
    both = [
        container("a", terminated={"exitCode": 0, "reason": "Completed"}),
        container("b", ready=True, running={}),
    ]
    assert pod(phase="Running", containerStatuses=both, conditions=READY).status == "Running"
    assert pod(phase="Running", containerStatuses=both).status == "NotReady"


def test_deletion_shows_as_terminating_and_on_a_lost_node_as_unknown() -> None:
    deleted = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert pod(meta=deleted, phase="Running", containerStatuses=[RUNNING]).status == "Terminating"
    assert pod(meta=deleted, phase="Running", reason="NodeLost").status == "Unknown"
    assert pod(meta=deleted, phase="Succeeded").status == "Succeeded"


def test_init_containers() -> None:
    spec = {"initContainers": [{"name": "one"}, {"name": "two"}]}
    done = container("one", terminated={"exitCode": 0})
    waiting = container("two", waiting={"reason": "PodInitializing"})
    assert pod(spec=spec, phase="Pending", initContainerStatuses=[done, waiting]).status == "Init:1/2"
    failed = container("two", terminated={"exitCode": 1, "reason": "Error"})
    broken = pod(spec=spec, phase="Pending", initContainerStatuses=[done, failed])
    assert (broken.status, broken.verdict.health) == ("Init:Error", Health.FAILING)
    looping = container("two", waiting={"reason": "CrashLoopBackOff"})
    assert (
        pod(spec=spec, phase="Pending", initContainerStatuses=[done, looping]).status
        == "Init:CrashLoopBackOff"
    )


def test_sidecars_count_as_containers() -> None:
    spec = {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}]}
    proxy = {**container("proxy", ready=True, running={}), "started": True, "restartCount": 2}
    summary = pod(spec=spec, phase="Running", initContainerStatuses=[proxy], containerStatuses=[RUNNING])
    assert (summary.ready, summary.containers, summary.restarts) == (2, 2, 2)


def test_the_reason_says_how_a_crashing_container_ended() -> None:
    crashing = {
        **container(waiting={"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}),
        "lastState": {
            "terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:00Z"}
        },
        "restartCount": 4,
    }
    summary = pod(phase="Running", containerStatuses=[crashing])
    assert summary.verdict.why == "app: CrashLoopBackOff, last ended OOMKilled (exit 137): back-off 5m0s"
    assert (summary.restarts, summary.restarted_at) == (4, "2026-01-01T00:00:00Z")


def test_restarts_of_finished_init_containers_are_history() -> None:
    spec = {"initContainers": [{"name": "one"}]}
    one = {**container("one", terminated={"exitCode": 0}), "restartCount": 5}
    main = {**RUNNING, "restartCount": 2}
    assert (
        pod(spec=spec, phase="Running", initContainerStatuses=[one], containerStatuses=[main]).restarts == 2
    )
    stuck = {**container("one", terminated={"exitCode": 1}), "restartCount": 5}
    assert pod(spec=spec, phase="Pending", initContainerStatuses=[stuck]).restarts == 5
