"""Subresources beyond status and scale: logs, streams into containers, evictions, tokens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from backend.demo.ages import rfc3339, seconds_of
from backend.demo.bodies import decode_body
from backend.demo.calls import Call, truthy
from backend.demo.containers import chosen, started
from backend.demo.logs import LogAnswer, LogStream
from backend.demo.status import ApiError, invalid, not_found
from backend.demo.streams import commands
from backend.demo.streams.portforward import forward
from backend.demo.tokens import ISSUER

if TYPE_CHECKING:
    from backend.demo.cluster import Cluster
    from backend.demo.store import Stored

_TOKEN_SECONDS, _SHORTEST_TOKEN = 3600, 600
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
        case "pods", "exec", "GET" | "POST":
            return await commands.execute(cluster, call, request, stored.object())
        case "pods", "attach", "GET" | "POST":
            return await commands.attach(cluster, call, request, stored.object())
        case "pods", "portforward", "GET" | "POST":
            return await forward(cluster, call, request, stored.object())
        case "serviceaccounts", "token", "POST":
            return _token(cluster, call, stored)
        case "pods", "eviction", "POST":
            return _evict(cluster, call, stored)
        case _:
            raise ApiError(
                501,
                "NotImplemented",
                f"the demo fleet does not simulate {target.described}; see docs/demo.md",
            )


def _token(cluster: Cluster, call: Call, account: Stored) -> web.Response:
    """A TokenRequest (authentication.k8s.io/v1): a token that this server accepts until it expires."""
    spec = decode_body(call).get("spec") or {}
    seconds = int(spec.get("expirationSeconds") or _TOKEN_SECONDS)
    if seconds < _SHORTEST_TOKEN:
        text = "Invalid value: may not specify a duration less than 10 minutes"
        raise invalid("", "TokenRequest", "", [("FieldValueInvalid", text, "spec.expirationSeconds")])
    until = time.time() + seconds
    name = f"system:serviceaccount:{account.namespace}:{account.name}"
    whole = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": account.name,
            "namespace": account.namespace,
            "creationTimestamp": rfc3339(time.time()),
        },
        "spec": {"audiences": spec.get("audiences") or [ISSUER], "expirationSeconds": seconds},
        "status": {"token": cluster.tokens.mint(name, until), "expirationTimestamp": rfc3339(until)},
    }
    return web.Response(status=201, body=msgspec.json.encode(whole), content_type="application/json")


def _evict(cluster: Cluster, call: Call, pod: Stored) -> web.Response:
    """An eviction (policy/v1): refused with 429 while a disruption budget allows none."""
    from backend.demo.controllers.disruption import budgets_of
    from backend.demo.deleting import delete_one

    for budget in budgets_of(cluster, pod):
        status = budget.object().get("status") or {}
        if not status.get("disruptionsAllowed"):
            needed, current = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
            cause = {
                "reason": "DisruptionBudget",
                "message": f"The disruption budget {budget.name} needs {needed} healthy pods "
                f"and has {current} currently",
            }
            text = "Cannot evict pod as it would violate the pod's disruption budget."
            raise ApiError(429, "TooManyRequests", text, details={"causes": [cause]})
    delete_one(cluster, call.target.resource.key, (call.target.namespace, call.target.name))
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return web.Response(status=201, body=msgspec.json.encode(status), content_type="application/json")


async def _log(
    cluster: Cluster, call: Call, request: web.BaseRequest, pod: dict[str, Any]
) -> web.StreamResponse:
    query = call.query
    container = chosen(call, pod)
    began, ended = started(call, pod, container, previous=truthy(query.get("previous")))
    since = began
    if query.get("sinceSeconds"):
        since = time.time() - float(query["sinceSeconds"])
    elif query.get("sinceTime"):
        since = seconds_of(query["sinceTime"])
    tail = int(query["tailLines"]) if query.get("tailLines") else None
    cap = int(query["limitBytes"]) if query.get("limitBytes") else None
    answer = LogAnswer(
        request,
        LogStream(pod, container, began=began, ended=ended),
        cluster.faults,
        stamped=truthy(query.get("timestamps")),
    )
    await answer.begin()
    now = time.time()
    await answer.past(since, now, tail=tail, cap=cap)
    if truthy(query.get("follow")) and ended is None:
        await answer.follow(now, lambda: _stored(cluster, call))
    await answer.response.write_eof()
    return answer.response


def _stored(cluster: Cluster, call: Call) -> dict[str, Any] | None:
    stored = cluster.store.get("pods", call.target.namespace, call.target.name)
    return None if stored is None else stored.object()
