"""Asking an API server itself: who am I, may I, may they (authorization.k8s.io and authentication.k8s.io v1).

A review is the judgement of all authorizers of a cluster, not of RBAC alone; that is why it comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from backend.kube.client import Client
from backend.kube.decoder import UNREADABLE
from backend.kube.errors import BadResponse
from backend.tenancy.rules import Request, Rule
from backend.tenancy.subjects import Identity
from backend.text import SafeStr, safe_text

_AUTHORIZATION = "authorization.k8s.io/v1"
_AUTHENTICATION = "authentication.k8s.io/v1"
Status = TypeVar("Status")


class _UserInfo(msgspec.Struct):
    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] | None = ()
    extra: dict[str, tuple[str, ...]] | None = None


class _SelfStatus(msgspec.Struct, rename="camel"):
    user_info: _UserInfo = msgspec.field(default_factory=_UserInfo)


class _AccessStatus(msgspec.Struct, rename="camel"):
    allowed: bool = False
    denied: bool = False
    reason: str = ""
    evaluation_error: str = ""


class _RulesStatus(msgspec.Struct, rename="camel"):
    resource_rules: tuple[Rule, ...] | None = ()
    non_resource_rules: tuple[Rule, ...] | None = ()
    incomplete: bool = False
    evaluation_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer of an access review."""

    allowed: bool
    reason: SafeStr
    """In the authorizer's words; often empty for a no."""
    error: SafeStr
    """What an authorizer could not evaluate; the answer stands nevertheless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesAnswer:
    """All that the caller may do in one namespace, as far as the authorizers can list it."""

    rules: tuple[Rule, ...]
    incomplete: bool
    """Some authorizer (a webhook, the node authorizer) can't list its rules: more may be allowed."""
    error: SafeStr


async def whoami(client: Client) -> Identity:
    """Whom the server takes us for, impersonation included. Raises KubeError (NotFound before 1.28)."""
    body = {"apiVersion": _AUTHENTICATION, "kind": "SelfSubjectReview"}
    status = await _review(client, body, _SelfStatus, what="ask who we are")
    info = status.user_info
    return Identity(
        user=info.username,
        groups=tuple(info.groups or ()),
        uid=info.uid,
        extra=tuple((info.extra or {}).items()),
    )


async def may_i(client: Client, request: Request) -> Judgement:
    """Whether we may, by SelfSubjectAccessReview. Raises KubeError."""
    body = {
        "apiVersion": _AUTHORIZATION,
        "kind": "SelfSubjectAccessReview",
        "spec": _attributes(request),
    }
    return _judgement(await _review(client, body, _AccessStatus, what=f"ask whether we may {request.verb}"))


async def may_they(client: Client, identity: Identity, request: Request) -> Judgement:
    """Whether others may, by SubjectAccessReview. Raises KubeError (Forbidden: not ours to ask)."""
    spec = {**_attributes(request), "user": identity.user, "groups": list(identity.groups)}
    if identity.uid:
        spec["uid"] = identity.uid
    if identity.extra:
        spec["extra"] = {key: list(values) for key, values in identity.extra}
    body = {"apiVersion": _AUTHORIZATION, "kind": "SubjectAccessReview", "spec": spec}
    return _judgement(await _review(client, body, _AccessStatus, what=f"ask whether they may {request.verb}"))


async def my_rules(client: Client, namespace: str) -> RulesAnswer:
    """What we may do in a namespace (and in the cluster), by SelfSubjectRulesReview. Raises KubeError."""
    body = {
        "apiVersion": _AUTHORIZATION,
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    status = await _review(client, body, _RulesStatus, what=f"ask for our rights in {namespace}")
    return RulesAnswer(
        rules=(*(status.resource_rules or ()), *(status.non_resource_rules or ())),
        incomplete=status.incomplete,
        error=safe_text(status.evaluation_error, limit=500),
    )


def _attributes(request: Request) -> dict[str, Any]:
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


def _judgement(status: _AccessStatus) -> Judgement:
    return Judgement(
        allowed=status.allowed and not status.denied,
        reason=safe_text(status.reason, limit=500),
        error=safe_text(status.evaluation_error, limit=500),
    )


async def _review(client: Client, body: Mapping[str, Any], status: type[Status], *, what: str) -> Status:
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
