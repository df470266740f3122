"""Disruption budgets: the pods that they guard."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.labels import LabelSelector
from backend.resources.relations.relation import Holder, Relation

KINDS = ("poddisruptionbudgets.policy",)


class Guarding(msgspec.Struct, frozen=True, gc=False):
    selector: LabelSelector | None = None


class BudgetRefs(Holder, frozen=True, gc=False):
    spec: Guarding = Guarding()


WIRE = BudgetRefs


def relations(obj: BudgetRefs) -> Iterator[Relation]:
    if obj.spec.selector is not None:
        yield Relation(
            role="guards",
            back="guarded by",
            kind="pods",
            namespace=obj.metadata.namespace,
            selector=obj.spec.selector,
        )
