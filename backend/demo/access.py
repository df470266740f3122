"""Who is calling and what they may do: client certificates, and the cluster's own RBAC objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.demo.status import ApiError, qualified
from backend.demo.store import Event, Store

RBAC = "rbac.authorization.k8s.io"
MASTERS = "system:masters"
_ACCOUNT = "system:serviceaccount:"
_SELF_REVIEWS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated caller: the certificate's CN and its organisations."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the authorizer is asked (authorization.k8s.io ResourceAttributes)."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


Check = Callable[[User, Attributes], None]


def user_of_certificate(peer: dict[str, Any] | None) -> User | None:
    """The user that a verified client certificate names; None without a certificate."""
    if not peer:
        return None
    names = [pair for entry in peer.get("subject", ()) for pair in entry]
    common = next((value for key, value in names if key == "commonName"), "")
    groups = tuple(value for key, value in names if key == "organizationName")
    return User(common, (*groups, "system:authenticated")) if common else None


def impersonated(user: User, headers: Mapping[str, str], groups: Sequence[str], check: Check) -> User:
    """Whom the caller wants to act as (``Impersonate-*`` headers), if that may be; otherwise the caller.

    ``check`` raises the 403 for each thing that may not be impersonated, as the API server does.
    """
    name = headers.get("Impersonate-User", "")
    if not name:
        return user
    if name.startswith(_ACCOUNT) and name.count(":") == 3:
        _, _, namespace, account = name.split(":")
        check(
            user,
            Attributes(verb="impersonate", resource="serviceaccounts", namespace=namespace, name=account),
        )
        groups = (*groups, "system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    else:
        check(user, Attributes(verb="impersonate", resource="users", name=name))
    for group in groups:
        if not group.startswith("system:serviceaccounts"):
            check(user, Attributes(verb="impersonate", resource="groups", name=group))
    return User(name, (*groups, "system:authenticated"))


class Authorizer:
    """Evaluates the Roles and bindings stored in the cluster, as the RBAC authorizer does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: dict[User, list[tuple[str, dict[str, Any]]]] = {}
        store.listen(self._forget)

    def _forget(self, collection: str, _event: Event) -> None:
        if collection.startswith(RBAC):
            self._rules.clear()

    def allowed(self, user: User, asked: Attributes) -> bool:
        if MASTERS in user.groups:
            return True
        if asked.path:
            return asked.verb == "get"  # system:discovery and system:public-info-viewer cover what we serve
        if asked.resource in _SELF_REVIEWS and asked.verb == "create":
            return True
        return any(
            (not scope or scope == asked.namespace) and _covers(rule, asked)
            for scope, rule in self.rules(user)
        )

    def check(self, user: User, asked: Attributes) -> None:
        """Raise the server's 403 unless the user may."""
        if self.allowed(user, asked):
            return
        if asked.path:
            raise ApiError(
                403,
                "Forbidden",
                f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"',
                details={},
            )
        resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
        subject = qualified(asked.group, asked.resource) + (f' "{asked.name}"' if asked.name else "")
        details: dict[str, Any] = {"name": asked.name} if asked.name else {}
        if asked.group:
            details["group"] = asked.group
        raise ApiError(
            403,
            "Forbidden",
            f'{subject} is forbidden: User "{user.name}" cannot {asked.verb} resource "{resource}" '
            f'in API group "{asked.group}" {where}',
            details={**details, "kind": asked.resource},
        )

    def rules(self, user: User) -> list[tuple[str, dict[str, Any]]]:
        """(namespace or '' for all, PolicyRule) of everything bound to this user."""
        known = self._rules.get(user)
        if known is None:
            known = self._rules[user] = list(self._bound(user))
        return known

    def _bound(self, user: User) -> Iterator[tuple[str, dict[str, Any]]]:
        for plural in ("clusterrolebindings", "rolebindings"):
            for stored in self._store.collection(f"{RBAC}/{plural}").ordered():
                binding = stored.object()
                if not any(_is(subject, user) for subject in binding.get("subjects") or ()):
                    continue
                reference = binding["roleRef"]
                of_namespace = reference["kind"] == "Role"
                role = self._store.get(
                    f"{RBAC}/{'roles' if of_namespace else 'clusterroles'}",
                    stored.namespace if of_namespace else "",
                    reference["name"],
                )
                for rule in (role.object().get("rules") or ()) if role else ():
                    yield stored.namespace, rule


def _is(subject: dict[str, Any], user: User) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == user.name)
    if subject["kind"] == "ServiceAccount":
        return user.name == f"{_ACCOUNT}{subject.get('namespace', '')}:{subject['name']}"
    return subject["kind"] == "Group" and subject["name"] in user.groups


def _covers(rule: dict[str, Any], asked: Attributes) -> bool:
    def listed(field: str, value: str) -> bool:
        values = rule.get(field) or ()
        return "*" in values or value in values

    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    names = rule.get("resourceNames")
    return (
        listed("verbs", asked.verb)
        and listed("apiGroups", asked.group)
        and listed("resources", resource)
        and (not names or asked.name in names)
    )
