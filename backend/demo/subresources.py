"""Subresources beyond status and scale: logs, evictions, bindings, namespace finalize."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from backend.demo.ages import seconds_of
from backend.demo.calls import Call, truthy
from backend.demo.logs import LogStream
from backend.demo.status import ApiError, bad_request, not_found

if TYPE_CHECKING:
    from backend.demo.cluster import Cluster

_POLL = 0.25
"""Seconds between looks at a followed log; its lines have their own times."""


async def serve_subresource(cluster: Cluster, call: Call, request: web.BaseRequest) -> web.StreamResponse:
    """Answer one subresource request; raises ApiError 404 for what is not simulated."""
    target = call.target
    stored = cluster.store.get(target.resource.key, target.namespace, target.name)
    if stored is None:
        raise not_found(target.resource.group, target.resource.plural, target.name)
    match target.resource.key, target.subresource, call.method:
        case "pods", "log", "GET":
            return await _log(cluster, call, request, stored.object())
        case "pods", "eviction", "POST":
            return _evict(cluster, call)
        case _:
            raise ApiError(
                501,
                "NotImplemented",
                f"the demo fleet does not simulate {target.described}; see docs/demo.md",
            )


def _evict(cluster: Cluster, call: Call) -> web.Response:
    from backend.demo.deleting import delete_one

    delete_one(cluster, call.target.resource.key, (call.target.namespace, call.target.name))
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return web.Response(status=201, body=msgspec.json.encode(status), content_type="application/json")


def _container(call: Call, pod: dict[str, Any]) -> str:
    names = [c["name"] for c in pod["spec"].get("containers") or ()]
    init = [c["name"] for c in pod["spec"].get("initContainers") or ()]
    wanted = call.query.get("container", "")
    if not wanted:
        if len(names) == 1:
            return str(names[0])
        choices = " ".join(names)
        hint = f" or one of the init containers: [{' '.join(init)}]" if init else ""
        raise bad_request(
            f"a container name must be specified for pod {call.target.name}, choose one of: [{choices}]{hint}"
        )
    if wanted not in (*names, *init):
        raise bad_request(f"container {wanted} is not valid for pod {call.target.name}")
    return wanted


def _started(
    call: Call, pod: dict[str, Any], container: str, *, previous: bool
) -> tuple[float, float | None]:
    """When the asked container's process began and ended; raises the kubelet's 400s."""
    status = pod.get("status", {})
    statuses = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
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


async def _log(
    cluster: Cluster, call: Call, request: web.BaseRequest, pod: dict[str, Any]
) -> web.StreamResponse:
    query = call.query
    container = _container(call, pod)
    began, ended = _started(call, pod, container, previous=truthy(query.get("previous")))
    since = began
    if query.get("sinceSeconds"):
        since = time.time() - float(query["sinceSeconds"])
    elif query.get("sinceTime"):
        since = seconds_of(query["sinceTime"])
    stream = LogStream(pod, container, began=began, ended=ended)
    tail = int(query["tailLines"]) if query.get("tailLines") else None
    stamped = truthy(query.get("timestamps"))
    cap = int(query["limitBytes"]) if query.get("limitBytes") else None
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    text = stream.text(since, time.time(), tail=tail, stamped=stamped)
    await response.write(text[:cap] if cap is not None else text)
    if truthy(query.get("follow")) and ended is None:
        await _follow(cluster, call, response, stream, stamped=stamped)
    await response.write_eof()
    return response


async def _follow(
    cluster: Cluster, call: Call, response: web.StreamResponse, stream: LogStream, *, stamped: bool
) -> None:
    """Write new lines until the container or the client ends."""
    position = time.time()
    target = call.target
    while True:
        await asyncio.sleep(_POLL)
        stored = cluster.store.get("pods", target.namespace, target.name)
        if stored is None or not stream.alive(stored.object()):
            return
        now = time.time()
        if text := stream.text(position, now, tail=None, stamped=stamped):
            await response.write(text)
        position = now
