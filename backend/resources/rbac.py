"""What role bindings of both scopes share."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    OK,
    Column,
    Health,
    Verdict,
    age_column,
    computed_column,
    name_column,
)


class RoleRef(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    name: str = ""


class Subject(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class Binding(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """rbac.authorization.k8s.io/v1 RoleBinding or ClusterRoleBinding."""

    metadata: ObjectMeta = ObjectMeta()
    role_ref: RoleRef = RoleRef()
    subjects: list[Subject] | None = None


def assess_binding(binding: Binding) -> Verdict:
    return OK if binding.subjects else Verdict(Health.DONE, "binds nobody")


def binding_columns() -> tuple[Column, ...]:
    return (
        name_column(),
        computed_column(
            "ROLE", lambda binding: f"{binding.role_ref.kind}/{binding.role_ref.name}", priority=0
        ),
        age_column(),
        _subjects_column("USERS", "User"),
        _subjects_column("GROUPS", "Group"),
        _subjects_column("SERVICEACCOUNTS", "ServiceAccount"),
    )


def _subjects_column(title: str, kind: str) -> Column:
    def text(binding: Any) -> str:
        return ", ".join(_subject(found) for found in binding.subjects or () if found.kind == kind)

    return computed_column(title, text, wide=True, priority=4)


def _subject(subject: Subject) -> str:
    return f"{subject.namespace}/{subject.name}" if subject.kind == "ServiceAccount" else subject.name
