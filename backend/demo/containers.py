"""Which container of a pod a request means, and how it fares."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import seconds_of
from backend.demo.calls import Call
from backend.demo.status import ApiError, bad_request

_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def chosen(call: Call, pod: dict[str, Any]) -> str:
    """The name of the container that a request means; raises the server's 400 when that is not clear."""
    names = [c["name"] for c in pod["spec"].get("containers") or ()]
    init = [c["name"] for c in pod["spec"].get("initContainers") or ()]
    guests = [c["name"] for c in pod["spec"].get("ephemeralContainers") or ()]
    wanted = call.query.get("container", "")
    if not wanted:
        if len(names) == 1:
            return str(names[0])
        choices = " ".join(names)
        hint = f" or one of the init containers: [{' '.join(init)}]" if init else ""
        raise bad_request(
            f"a container name must be specified for pod {call.target.name}, choose one of: [{choices}]{hint}"
        )
    if wanted not in (*names, *init, *guests):
        raise bad_request(f"container {wanted} is not valid for pod {call.target.name}")
    return wanted


def started(call: Call, pod: dict[str, Any], container: str, *, previous: bool) -> tuple[float, float | None]:
    """When the asked container's process began and ended; raises the kubelet's 400s."""
    status = pod.get("status", {})
    statuses = [one for kind in _STATUSES for one in status.get(kind) or ()]
    held = next((s for s in statuses if s["name"] == container), None)
    state = (held or {}).get("lastState" if previous else "state") or {}
    name = call.target.name
    if previous and not state.get("terminated"):
        uid = pod["metadata"]["uid"]
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found: {uid}')
    if run := state.get("running"):
        return seconds_of(run["startedAt"]), None
    if ended := state.get("terminated"):
        return seconds_of(ended["startedAt"]), seconds_of(ended["finishedAt"])
    last = ((held or {}).get("lastState") or {}).get("terminated")
    if last:
        return seconds_of(last["startedAt"]), seconds_of(last["finishedAt"])
    reason = (state.get("waiting") or {}).get("reason", "ContainerCreating")
    why = {
        "ImagePullBackOff": "trying and failing to pull image",
        "ErrImagePull": "image can't be pulled",
    }.get(reason, reason)
    raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {why}')


def running_since(pod: dict[str, Any], container: str) -> str:
    """When the container's process began (RFC 3339); raises the kubelet's error if it does not run."""
    status = pod.get("status", {})
    for held in [one for kind in _STATUSES for one in status.get(kind) or ()]:
        if held["name"] == container and (run := (held.get("state") or {}).get("running")):
            return str(run["startedAt"])
    why = f'unable to upgrade connection: container not found ("{container}")'
    raise ApiError(500, "InternalError", f"Internal error occurred: {why}")
