"""Who is meant: users, groups and service accounts, as bindings name them and as an API server sees them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from backend.text import SafeStr, safe_text

MASTERS = "system:masters"
"""Members of this group may do everything; no RBAC object says so, and none can take it away."""
_ACCOUNT = "system:serviceaccount:"


class SubjectKind(StrEnum):
    USER = "User"
    GROUP = "Group"
    SERVICE_ACCOUNT = "ServiceAccount"


class NotASubject(ValueError):
    """The words name nobody; ``sentence`` and ``advice`` say how to."""

    exit_code = 2

    def __init__(self, text: str) -> None:
        self.sentence = safe_text(f"{text!r} names nobody", limit=200)
        self.advice = SafeStr("Write a user (alice), group:NAME, or sa:NAMESPACE/NAME.")
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of a binding (rbac.authorization.k8s.io/v1 Subject)."""

    kind: SubjectKind
    name: str
    namespace: str = ""
    """Of a service account."""

    def __str__(self) -> str:
        """As :func:`parse_subject` reads it."""
        match self.kind:
            case SubjectKind.SERVICE_ACCOUNT:
                return f"sa:{self.namespace}/{self.name}"
            case SubjectKind.GROUP:
                return f"group:{self.name}"
            case SubjectKind.USER:
                return f"user:{self.name}" if ":" in self.name or "/" in self.name else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as the authorizer sees them (authentication.k8s.io UserInfo)."""

    user: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def is_bound_by(self, subject: Subject) -> bool:
        """Whether a binding of this subject binds them."""
        match subject.kind:
            case SubjectKind.USER:
                return subject.name == self.user
            case SubjectKind.GROUP:
                return subject.name in self.groups
            case SubjectKind.SERVICE_ACCOUNT:
                account = f"{_ACCOUNT}{subject.namespace}:{subject.name}"
                return bool(subject.namespace) and account == self.user


def parse_subject(text: str) -> Subject:
    """``alice``, ``user:alice``, ``group:devs``, ``sa:pay/deployer`` or the account's full user name.

    Raises NotASubject.
    """
    prefix, colon, rest = text.partition(":")
    if text.startswith(_ACCOUNT) and text.count(":") == 3:
        _, _, namespace, name = text.split(":")
        return _account(text, namespace, name)
    if colon and prefix.lower() in {"sa", "serviceaccount"}:
        namespace, _, name = rest.partition("/")
        return _account(text, namespace, name)
    if colon and prefix.lower() in {"user", "group"}:
        if not rest:
            raise NotASubject(text)
        return Subject(SubjectKind.GROUP if prefix.lower() == "group" else SubjectKind.USER, rest)
    if not text.strip():
        raise NotASubject(text)
    return Subject(SubjectKind.USER, text)


def _account(text: str, namespace: str, name: str) -> Subject:
    if not namespace or not name or "/" in name:
        raise NotASubject(text)
    return Subject(SubjectKind.SERVICE_ACCOUNT, name, namespace)


def identity_of(subject: Subject, groups: tuple[str, ...] = ()) -> Identity:
    """The subject at work: with the groups that every API server adds, and those that are named.

    Which further groups a user is in only the authentication knows (a certificate, an OIDC provider).
    """
    match subject.kind:
        case SubjectKind.GROUP:
            return Identity(user="", groups=_once(subject.name, *groups, "system:authenticated"))
        case SubjectKind.SERVICE_ACCOUNT:
            added = ("system:serviceaccounts", f"system:serviceaccounts:{subject.namespace}")
            user = f"{_ACCOUNT}{subject.namespace}:{subject.name}"
            return Identity(user=user, groups=_once(*added, *groups, "system:authenticated"))
        case SubjectKind.USER:
            anonymous = subject.name == "system:anonymous"
            everybody = "system:unauthenticated" if anonymous else "system:authenticated"
            return Identity(user=subject.name, groups=_once(*groups, everybody))


def _once(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
