"""Asking an API server itself: who am I, may they, what may I (authorization and authentication APIs, v1).

Whether we may do one thing: ``backend.kube.authorization``.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from backend.kube.authorization import API, AccessStatus, Judgement, Request, attributes, judgement, review
from backend.kube.client import Client
from backend.tenancy.rules import Rule
from backend.tenancy.subjects import Identity
from backend.text import SafeStr, safe_text

_AUTHENTICATION = "authentication.k8s.io/v1"


class _UserInfo(msgspec.Struct):
    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] | None = ()
    extra: dict[str, tuple[str, ...]] | None = None


class _SelfStatus(msgspec.Struct, rename="camel"):
    user_info: _UserInfo = msgspec.field(default_factory=_UserInfo)


class _RulesStatus(msgspec.Struct, rename="camel"):
    resource_rules: tuple[Rule, ...] | None = ()
    non_resource_rules: tuple[Rule, ...] | None = ()
    incomplete: bool = False
    evaluation_error: str = ""


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
    status = await review(client, body, _SelfStatus, what="ask who we are")
    info = status.user_info
    return Identity(
        user=info.username,
        groups=tuple(info.groups or ()),
        uid=info.uid,
        extra=tuple((info.extra or {}).items()),
    )


async def may_they(client: Client, identity: Identity, request: Request) -> Judgement:
    """Whether others may, by SubjectAccessReview. Raises KubeError (Forbidden: not ours to ask)."""
    spec = {**attributes(request), "user": identity.user, "groups": list(identity.groups)}
    if identity.uid:
        spec["uid"] = identity.uid
    if identity.extra:
        spec["extra"] = {key: list(values) for key, values in identity.extra}
    body = {"apiVersion": API, "kind": "SubjectAccessReview", "spec": spec}
    return judgement(await review(client, body, AccessStatus, what=f"ask whether they may {request.verb}"))


async def my_rules(client: Client, namespace: str) -> RulesAnswer:
    """What we may do in a namespace (and in the cluster), by SelfSubjectRulesReview. Raises KubeError."""
    body = {
        "apiVersion": API,
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    status = await review(client, body, _RulesStatus, what=f"ask for our rights in {namespace}")
    return RulesAnswer(
        rules=(*(status.resource_rules or ()), *(status.non_resource_rules or ())),
        incomplete=status.incomplete,
        error=safe_text(status.evaluation_error, limit=500),
    )
