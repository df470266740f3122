"""A cluster's RBAC objects at one moment, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from backend.kube.authorization import Request
from backend.kube.objects import ObjectMeta
from backend.tenancy.rules import ALL, Rule
from backend.tenancy.subjects import MASTERS, Identity, Subject, SubjectKind
from backend.text import SafeStr

_KINDS = frozenset(kind.value for kind in SubjectKind)


class Requirement(msgspec.Struct, frozen=True):
    """One of a label selector's ``matchExpressions``."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = ()


class Selector(msgspec.Struct, frozen=True, rename="camel"):
    """metav1.LabelSelector."""

    match_labels: dict[str, str] | None = None
    match_expressions: tuple[Requirement, ...] | None = ()

    def selects(self, labels: Mapping[str, str]) -> bool:
        plain = all(labels.get(key) == value for key, value in (self.match_labels or {}).items())
        return plain and all(_holds(one, labels) for one in self.match_expressions or ())


def _holds(one: Requirement, labels: Mapping[str, str]) -> bool:
    match one.operator:
        case "In":
            return labels.get(one.key) in (one.values or ())
        case "NotIn":
            return labels.get(one.key) not in (one.values or ())
        case "Exists":
            return one.key in labels
        case "DoesNotExist":
            return one.key not in labels
        case _:
            return False


class Aggregation(msgspec.Struct, frozen=True, rename="camel"):
    cluster_role_selectors: tuple[Selector, ...] | None = ()


class Role(msgspec.Struct, frozen=True, rename="camel"):
    """rbac.authorization.k8s.io/v1 Role or ClusterRole."""

    metadata: ObjectMeta = ObjectMeta()
    rules: tuple[Rule, ...] | None = ()
    aggregation_rule: Aggregation | None = None


class RoleRef(msgspec.Struct, frozen=True):
    kind: str = ""
    name: str = ""


class SubjectRef(msgspec.Struct, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class Binding(msgspec.Struct, frozen=True, rename="camel"):
    """rbac.authorization.k8s.io/v1 RoleBinding or ClusterRoleBinding."""

    metadata: ObjectMeta = ObjectMeta()
    role_ref: RoleRef = RoleRef()
    subjects: tuple[SubjectRef, ...] | None = ()

    def named_subjects(self) -> Iterator[Subject]:
        """Its subjects; a service account without a namespace is one of the binding's own."""
        for one in self.subjects or ():
            if one.kind in _KINDS:
                namespace = one.namespace or self.metadata.namespace
                account = one.kind == SubjectKind.SERVICE_ACCOUNT
                yield Subject(SubjectKind(one.kind), one.name, namespace if account else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One rule that reaches one subject, and by which way."""

    subject: Subject
    rule: Rule
    namespace: str
    """Where it holds; empty: everywhere."""
    binding: str
    """``ClusterRoleBinding/ops``, ``RoleBinding/pay/team``."""
    role: str
    """``ClusterRole/admin``, ``Role/pay/edit``."""
    origins: tuple[str, ...] = ()
    """Of an aggregated ClusterRole: the roles that this rule was collected from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether somebody may, as far as RBAC goes."""

    allowed: bool
    why: tuple[Grant, ...] = ()
    master: bool = False
    """Allowed as a member of ``system:masters``, whatever RBAC says."""


_EVERYTHING = Rule(verbs=(ALL,), api_groups=(ALL,), resources=(ALL,), paths=(ALL,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything RBAC says in one cluster, or as much of it as could be read."""

    cluster_roles: Mapping[str, Role] = field(default_factory=dict)
    roles: Mapping[tuple[str, str], Role] = field(default_factory=dict)
    """By (namespace, name)."""
    cluster_bindings: Sequence[Binding] = ()
    bindings: Sequence[Binding] = ()
    gaps: tuple[SafeStr, ...] = ()
    """What could not be read, in sentences: nothing below can be complete then."""

    def decide(self, identity: Identity, request: Request) -> Decision:
        """Whether ``identity`` may. A request without a namespace is one for all of them."""
        if MASTERS in identity.groups:
            return Decision(allowed=True, master=True)
        why = tuple(
            grant
            for grant in self.grants(identity)
            if grant.namespace in ("", request.namespace) and _reaches(grant, request)
        )
        return Decision(allowed=bool(why), why=why)

    def grants(self, identity: Identity) -> Iterator[Grant]:
        """Every rule that reaches ``identity``, and how; without what only ``system:masters`` gives."""
        for binding, subject in self._subjects():
            if identity.is_bound_by(subject):
                yield from self._given(binding, subject)

    def who_can(self, request: Request) -> Iterator[Grant]:
        """Every subject that may, and how. Without a namespace in the request: those who may in some
        namespace too, each with it."""
        for binding, subject in self._subjects():
            where = binding.metadata.namespace
            if request.namespace and where not in ("", request.namespace):
                continue
            for grant in self._given(binding, subject):
                if _reaches(grant, request, some=not request.name):
                    yield grant

    def _subjects(self) -> Iterator[tuple[Binding, Subject]]:
        for binding in (*self.cluster_bindings, *self.bindings):
            for subject in binding.named_subjects():
                yield binding, subject

    def _given(self, binding: Binding, subject: Subject) -> Iterator[Grant]:
        role, called = self._role_of(binding)
        where, name = binding.metadata.namespace, binding.metadata.name
        title = f"RoleBinding/{where}/{name}" if where else f"ClusterRoleBinding/{name}"
        for rule in (role.rules if role else None) or ():
            yield Grant(
                subject=subject,
                rule=rule,
                namespace=where,
                binding=title,
                role=called,
                origins=self._origins(role, rule) if role else (),
            )

    def _role_of(self, binding: Binding) -> tuple[Role | None, str]:
        """The role it names (None: there is none of that name, it gives nothing), and what it is called."""
        where, reference = binding.metadata.namespace, binding.role_ref
        if reference.kind == "Role":
            return self.roles.get((where, reference.name)), f"Role/{where}/{reference.name}"
        return self.cluster_roles.get(reference.name), f"ClusterRole/{reference.name}"

    def _origins(self, role: Role, rule: Rule) -> tuple[str, ...]:
        """Where an aggregated role has a rule from.

        The authorizer looks at ``rules`` alone, which a controller fills in; so do we. The selectors only
        tell which other role a person would have to change.
        """
        selectors = role.aggregation_rule.cluster_role_selectors if role.aggregation_rule else ()
        return tuple(
            other.metadata.name
            for other in self.cluster_roles.values()
            if other is not role
            and rule in (other.rules or ())
            and any(selector.selects(other.metadata.labels or {}) for selector in selectors or ())
        )


def _reaches(grant: Grant, request: Request, *, some: bool = False) -> bool:
    """Whether the rule covers the request; a path is never reached through a namespace's binding."""
    if request.path and grant.namespace:
        return False
    return grant.rule.covers_some(request) if some else grant.rule.covers(request)


def masters_grant() -> Grant:
    """What every cluster gives to ``system:masters``, though no object says so."""
    return Grant(
        subject=Subject(SubjectKind.GROUP, MASTERS),
        rule=_EVERYTHING,
        namespace="",
        binding="built in",
        role="built in",
    )
