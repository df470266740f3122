"""Access reviews: what may I do, who am I (authorization.k8s.io, authentication.k8s.io)."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from backend.demo.access import MASTERS, Attributes, User
from backend.demo.ages import rfc3339
from backend.demo.bodies import decode_body
from backend.demo.calls import Call
from backend.demo.cluster import Cluster

SELF_REVIEWS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")
_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz"]


def answer(cluster: Cluster, call: Call) -> bytes:
    """The review with its status filled in."""
    review = decode_body(call)
    resource = call.target.resource
    user = call.user
    spec: dict[str, Any] = review.get("spec") or {}
    match resource.plural:
        case "selfsubjectreviews":
            status: dict[str, Any] = {"userInfo": {"username": user.name, "groups": list(user.groups)}}
        case "selfsubjectrulesreviews":
            status = _rules(cluster, user, spec.get("namespace", ""))
        case _:
            if resource.plural == "subjectaccessreviews":
                user = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
            status = _access(cluster, user, spec)
    metadata = review.get("metadata") or {}
    if resource.plural == "selfsubjectreviews":
        metadata = {"creationTimestamp": rfc3339(time.time())}
    whole = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
    if resource.plural != "selfsubjectreviews":
        whole["spec"] = spec
    return msgspec.json.encode({**whole, "status": status}) + b"\n"


def _access(cluster: Cluster, user: User, spec: dict[str, Any]) -> dict[str, Any]:
    asked = spec.get("resourceAttributes")
    if asked is None:
        path = (spec.get("nonResourceAttributes") or {}).get("path", "/")
        verb = (spec.get("nonResourceAttributes") or {}).get("verb", "get")
        return {"allowed": cluster.authorizer.allowed(user, Attributes(verb=verb, path=path))}
    attributes = Attributes(
        verb=asked.get("verb", ""),
        group=asked.get("group", ""),
        resource=asked.get("resource", ""),
        subresource=asked.get("subresource", ""),
        namespace=asked.get("namespace", ""),
        name=asked.get("name", ""),
    )
    return {"allowed": cluster.authorizer.allowed(user, attributes)}


def _rules(cluster: Cluster, user: User, namespace: str) -> dict[str, Any]:
    if MASTERS in user.groups:
        rules = [_EVERYTHING]
        paths: list[dict[str, Any]] = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    else:
        rules = [rule for scope, rule in cluster.authorizer.rules(user) if scope in ("", namespace)]
        rules.append(
            {
                "verbs": ["create"],
                "apiGroups": ["authorization.k8s.io"],
                "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            }
        )
        paths = [{"verbs": ["get"], "nonResourceURLs": _DISCOVERY}]
    return {"resourceRules": rules, "nonResourceRules": paths, "incomplete": False}
