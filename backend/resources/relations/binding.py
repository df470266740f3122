"""Role bindings: the role, and the service accounts that get it."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.relation import Obj, Relation, namespace_of, part

_GROUP = "rbac.authorization.k8s.io"
KINDS = (f"rolebindings.{_GROUP}", f"clusterrolebindings.{_GROUP}")


def relations(obj: Obj) -> Iterator[Relation]:
    role, namespace = part(obj, "roleRef"), namespace_of(obj)
    whole = role.get("kind") == "ClusterRole"
    yield Relation(
        role="role",
        kind=f"{'clusterroles' if whole else 'roles'}.{_GROUP}",
        namespace="" if whole else namespace,
        name=str(role.get("name", "")),
    )
    for subject in obj.get("subjects") or ():
        if subject.get("kind") == "ServiceAccount":
            place = str(subject.get("namespace") or namespace)
            name = str(subject.get("name", ""))
            yield Relation(role="subject", kind="serviceaccounts", namespace=place, name=name)
