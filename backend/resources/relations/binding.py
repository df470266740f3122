"""Role bindings: the role, and the service accounts that get it."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.relation import Bond, Holder, Relation, TypedRef

_GROUP = "rbac.authorization.k8s.io"
KINDS = (f"rolebindings.{_GROUP}", f"clusterrolebindings.{_GROUP}")


class BindingRefs(Holder, frozen=True, gc=False, rename="camel"):
    role_ref: TypedRef = TypedRef()
    subjects: list[TypedRef] | None = None


WIRE = BindingRefs


def relations(obj: BindingRefs) -> Iterator[Relation]:
    role, namespace = obj.role_ref, obj.metadata.namespace
    whole = role.kind == "ClusterRole"
    yield Relation(
        role="role",
        back="bound by",
        kind=f"{'clusterroles' if whole else 'roles'}.{_GROUP}",
        bond=Bond.NEEDS,
        namespace="" if whole else namespace,
        name=role.name,
    )
    for subject in obj.subjects or ():
        if subject.kind == "ServiceAccount":
            yield Relation(
                role="subject",
                back="gets rights from",
                kind="serviceaccounts",
                namespace=subject.namespace or namespace,
                name=subject.name,
            )
