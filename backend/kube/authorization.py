"""Asking an API server whether something may be done, before it is tried (authorization.k8s.io/v1).

A review is the judgement of all authorizers of a cluster, not of RBAC alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from backend.kube.client import Client
from backend.kube.decoder import UNREADABLE
from backend.kube.errors import BadResponse
from backend.text import SafeStr, safe_text

API = "authorization.k8s.io/v1"
Status = TypeVar("Status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody wants to do (authorization.k8s.io ResourceAttributes, NonResourceAttributes)."""

    verb: str
    group: str = ""
    resource: str = ""
    """The plural."""
    subresource: str = ""
    name: str = ""
    namespace: str = ""
    """Empty: everywhere; for kinds without a namespace, the cluster."""
    path: str = ""
    """A path that is no resource (``/metrics``); the other fields are then empty."""

    @property
    def kind(self) -> str:
        """``deployments.apps/scale``, or the path."""
        if self.path:
            return self.path
        plain = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{plain}/{self.subresource}" if self.subresource else plain


class AccessStatus(msgspec.Struct, rename="camel"):
    """SubjectAccessReviewStatus."""

    allowed: bool = False
    denied: bool = False
    reason: str = ""
    evaluation_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer of an access review."""

    allowed: bool
    reason: SafeStr
    """In the authorizer's words; often empty for a no."""
    error: SafeStr
    """What an authorizer could not evaluate; the answer stands nevertheless."""


async def may_i(client: Client, request: Request) -> Judgement:
    """Whether we may, by SelfSubjectAccessReview. Raises KubeError."""
    body = {
        "apiVersion": API,
        "kind": "SelfSubjectAccessReview",
        "spec": attributes(request),
    }
    return judgement(await review(client, body, AccessStatus, what=f"ask whether we may {request.verb}"))


def attributes(request: Request) -> dict[str, Any]:
    """The part of a review's spec that says what is asked."""
    if request.path:
        return {"nonResourceAttributes": {"verb": request.verb, "path": request.path}}
    told = {
        "verb": request.verb,
        "group": request.group,
        "resource": request.resource,
        "subresource": request.subresource,
        "name": request.name,
        "namespace": request.namespace,
    }
    return {"resourceAttributes": {key: value for key, value in told.items() if value}}


def judgement(status: AccessStatus) -> Judgement:
    """What a review's status means."""
    return Judgement(
        allowed=status.allowed and not status.denied,
        reason=safe_text(status.reason, limit=500),
        error=safe_text(status.evaluation_error, limit=500),
    )


async def review(client: Client, body: Mapping[str, Any], status: type[Status], *, what: str) -> Status:
    """Create a review and read its status. Raises KubeError."""
    plural = f"{str(body['kind']).lower()}s"
    reply = await client.request(
        "POST",
        f"/apis/{body['apiVersion']}/{plural}",
        body=msgspec.json.encode(body),
        content_type="application/json",
        what=what,
    )
    answer = msgspec.defstruct("Review", [("status", status)])
    try:
        found: Status = msgspec.json.decode(reply.body, type=answer).status  # type: ignore[attr-defined]
    except UNREADABLE as error:
        raise BadResponse(client.cluster, f"{what}: the answer can't be read", detail=error) from None
    return found
