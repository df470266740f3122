"""Service accounts: the secrets they hand out and pull with."""

from __future__ import annotations

from collections.abc import Iterator

from backend.resources.relations.pod_spec import USED_BY_PODS
from backend.resources.relations.relation import Bond, Holder, LocalRef, Relation

KINDS = ("serviceaccounts",)
LOOKS = USED_BY_PODS


class AccountRefs(Holder, frozen=True, gc=False, rename="camel"):
    secrets: list[LocalRef] | None = None
    image_pull_secrets: list[LocalRef] | None = None


WIRE = AccountRefs


def relations(obj: AccountRefs) -> Iterator[Relation]:
    for role, refs in (("token", obj.secrets), ("pull secret", obj.image_pull_secrets)):
        for ref in refs or ():
            yield Relation(
                role=role,
                back="used by",
                kind="secrets",
                bond=Bond.START,
                namespace=obj.metadata.namespace,
                name=ref.name,
                optional=True,
            )
