"""Rights that are more than they look: each lets its holder become somebody else, or read what is secret.

Source: Kubernetes' "RBAC good practices" (privilege escalation risks).
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.kube.authorization import Request
from backend.tenancy.rules import ALL, Rule
from backend.text import SafeStr

_RBAC = "rbac.authorization.k8s.io"
_HOOKS = "admissionregistration.k8s.io"
_CERTIFICATES = "certificates.k8s.io"


@dataclass(frozen=True, slots=True)
class Danger:
    sentence: SafeStr
    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]
    """With ``/subresource`` where one is meant."""

    def of(self, rule: Rule) -> bool:
        return any(rule.covers_some(request) for request in self._requests())

    def _requests(self) -> list[Request]:
        found = []
        for verb in self.verbs:
            for resource in self.resources:
                plural, _, sub = resource.partition("/")
                found.append(Request(verb=verb, group=self.group, resource=plural, subresource=sub))
        return found


_WRITES = ("create", "update", "patch")
_CONTAINERS = ("pods/exec", "pods/attach", "pods/ephemeralcontainers", "nodes/proxy")

DANGERS = (
    Danger(SafeStr("write roles beyond its own rights"), ("escalate",), _RBAC, ("roles", "clusterroles")),
    Danger(SafeStr("bind any role"), ("bind",), _RBAC, ("roles", "clusterroles")),
    Danger(SafeStr("act as others"), ("impersonate",), "", ("users", "groups", "serviceaccounts")),
    Danger(SafeStr("read secrets"), ("get", "list", "watch"), "", ("secrets",)),
    Danger(SafeStr("enter containers"), ("create", "get", "patch", "update"), "", _CONTAINERS),
    Danger(SafeStr("mint tokens"), ("create",), "", ("serviceaccounts/token",)),
    Danger(SafeStr("run pods as any service account"), ("create",), "", ("pods",)),
    Danger(SafeStr("mount a node's files"), ("create",), "", ("persistentvolumes",)),
    Danger(
        SafeStr("approve certificates"),
        ("update", "patch"),
        _CERTIFICATES,
        ("certificatesigningrequests/approval",),
    ),
    Danger(
        SafeStr("change what others write"),
        _WRITES,
        _HOOKS,
        ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
    ),
)
EVERYTHING = SafeStr("do everything")


def dangers_of(rule: Rule) -> tuple[SafeStr, ...]:
    """What the rule lets its holder do that is easily overlooked, as verbs: ``read secrets``."""
    if all(ALL in (values or ()) for values in (rule.verbs, rule.api_groups, rule.resources)):
        return () if rule.resource_names else (EVERYTHING,)
    return tuple(danger.sentence for danger in DANGERS if danger.of(rule))
