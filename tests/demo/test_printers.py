"""Ages and the pod's STATUS, as the server prints them."""

from __future__ import annotations

from typing import Any

import pytest

from backend.demo.ages import go_duration, human_duration
from backend.demo.controllers.cronjob import next_time
from backend.demo.printers.pods import pod_cells
from backend.demo.quantities import quantity


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_000, "3h3m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (180_000, "2d2h"),
        (691_200, "8d"),
        (63_072_000, "2y"),
        (70_000_000, "2y80d"),
        (300_000_000, "9y"),
    ],
)
def test_human_duration(seconds: int, text: str) -> None:
    assert human_duration(seconds) == text


def _status(**state: Any) -> dict[str, Any]:
    return {"name": "a", "restartCount": 0, "ready": "running" in state, "state": state, "lastState": {}}


def _pod(
    *statuses: dict[str, Any], phase: str = "Running", init: tuple[dict[str, Any], ...] = (), **status: Any
) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "containers": [{"name": "a"}] * max(1, len(statuses)),
            "initContainers": [{"name": "i"}] * len(init),
        },
        "status": {
            "phase": phase,
            "containerStatuses": list(statuses),
            "initContainerStatuses": list(init),
            **status,
        },
    }


@pytest.mark.parametrize(
    ("pod", "ready", "reason"),
    [
        (_pod(_status(running={})), "1/1", "Running"),
        (_pod(_status(waiting={"reason": "CrashLoopBackOff"})), "0/1", "CrashLoopBackOff"),
        (_pod(_status(terminated={"exitCode": 137, "reason": "OOMKilled"})), "0/1", "OOMKilled"),
        (_pod(_status(terminated={"exitCode": 2})), "0/1", "ExitCode:2"),
        (_pod(_status(terminated={"exitCode": 0, "signal": 9})), "0/1", "Signal:9"),
        (_pod(phase="Pending"), "0/1", "Pending"),
        (_pod(phase="Failed", reason="Evicted"), "0/1", "Evicted"),
        (_pod(init=(_status(waiting={"reason": "ImagePullBackOff"}),)), "0/1", "Init:ImagePullBackOff"),
        (_pod(init=(_status(running={}),)), "0/1", "Init:0/1"),
        (_pod(init=(_status(terminated={"exitCode": 1}),)), "0/1", "Init:ExitCode:1"),
        (
            _pod(_status(running={}), _status(terminated={"exitCode": 0, "reason": "Completed"})),
            "1/2",
            "NotReady",
        ),
    ],
)
def test_pod_status(pod: dict[str, Any], ready: str, reason: str) -> None:
    cells = pod_cells(pod)
    assert cells[1:3] == [ready, reason]


def test_a_deleted_pod_is_terminating() -> None:
    pod = _pod(_status(running={}))
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pod_cells(pod)[2] == "Terminating"
    pod["status"]["reason"] = "NodeLost"
    assert pod_cells(pod)[2] == "Unknown"


def test_quantities() -> None:
    assert [quantity(text) for text in ("500m", "2", "1Gi", "1.5k", None)] == [0.5, 2, 2**30, 1500, 0]
    with pytest.raises(ValueError, match="not a quantity"):
        quantity("lots")


def test_go_durations() -> None:
    assert [go_duration(text) for text in ("32s", "1m30s", "250ms", "7")] == [32, 90, 0.25, 7]
    with pytest.raises(ValueError, match="not a duration"):
        go_duration("soon")


def test_cron_schedules() -> None:
    monday = 1_767_571_200.0  # 2026-01-05 00:00:00 UTC, a Monday
    assert next_time("*/15 * * * *", monday + 60) == monday + 900
    assert next_time("30 2 * * 1-5", monday) == monday + 9000
    assert next_time("0 0 * * 2", monday) == monday + 86_400
    assert next_time("nonsense", monday) is None
    assert next_time("99 * * * *", monday) is None
