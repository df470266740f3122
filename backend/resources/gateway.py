"""What the kinds of the Gateway API share: positive conditions that a controller sets."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.resources.kind import OK, Column, Health, Verdict, computed_column
from backend.resources.workload import Condition, condition, said


class ConditionsOnly(msgspec.Struct, frozen=True, gc=False):
    conditions: list[Condition] | None = None


def assess_conditions(conditions: list[Condition] | None, *types: str) -> Verdict:
    """All of ``types`` must be True. False fails; Unknown and missing ones wait for a controller."""
    found = [condition(conditions, type_) for type_ in types]
    for one in found:
        if one is not None and one.status == "False":
            return Verdict(Health.FAILING, said(one))
    for type_, one in zip(types, found, strict=True):
        if one is None or one.status != "True":
            waits = said(one) if one is not None else ""
            return Verdict(Health.PROGRESSING, waits or f"not {type_.lower()} yet")
    return OK


def status_column(title: str, type_: str) -> Column:
    """The status of one condition: True, False, Unknown, or nothing."""

    def text(item: Any) -> str:
        found = condition(item.status.conditions, type_)
        return found.status if found is not None else ""

    return computed_column(title, text, priority=0)
