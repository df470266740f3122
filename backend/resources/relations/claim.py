"""Claims on storage: the volume behind them and its class."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.pod_spec import USED_BY_PODS
from backend.resources.relations.relation import Bond, Holder, Relation, TypedRef

KINDS = ("persistentvolumeclaims",)
LOOKS = USED_BY_PODS


class ClaimSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    volume_name: str = ""
    storage_class_name: str | None = None
    data_source: TypedRef | None = None


class ClaimRefs(Holder, frozen=True, gc=False):
    spec: ClaimSpec = ClaimSpec()


WIRE = ClaimRefs


def relations(obj: ClaimRefs) -> Iterator[Relation]:
    spec = obj.spec
    if spec.volume_name:
        yield Relation(
            role="volume", back="claim", kind="persistentvolumes", bond=Bond.NEEDS, name=spec.volume_name
        )
    if spec.storage_class_name:
        yield Relation(
            role="class",
            back="class of",
            kind="storageclasses.storage.k8s.io",
            bond=Bond.MENTION if spec.volume_name else Bond.START,
            name=spec.storage_class_name,
        )
