"""Labels and selectors, written as kubectl writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class SelectorRequirement(msgspec.Struct, frozen=True, gc=False):
    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class LabelSelector(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """metav1.LabelSelector."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[SelectorRequirement] | None = None


def selects(selector: LabelSelector, labels: Mapping[str, str] | None) -> bool:
    """Whether it takes in something with these labels; an empty selector takes in everything."""
    labels = labels or {}
    if selector.match_labels is not None:
        for key, value in selector.match_labels.items():  # a hundred thousand times in a large graph
            if labels.get(key) != value:
                return False
    if selector.match_expressions is None:
        return True
    return all(_meets(needed, labels) for needed in selector.match_expressions)


def _meets(needed: SelectorRequirement, labels: Mapping[str, str]) -> bool:
    match needed.operator:
        case "In":
            return labels.get(needed.key) in (needed.values or ())
        case "NotIn":
            return labels.get(needed.key) not in (needed.values or ())
        case "Exists":
            return needed.key in labels
        case "DoesNotExist":
            return needed.key not in labels
        case _:
            return False


def selector_query(selector: LabelSelector) -> str:
    """A selector as the API's ``labelSelector`` takes it."""
    terms = [f"{key}={value}" for key, value in sorted((selector.match_labels or {}).items())]
    terms += [_requirement(needed) for needed in selector.match_expressions or ()]
    return ",".join(terms)


def format_labels(labels: dict[str, str] | None) -> str:
    """``a=1,b=2`` in the order of keys, ``<none>`` when empty."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) if labels else "<none>"


def format_selector(selector: LabelSelector | None) -> str:
    """``app=api,tier in (a,b),!old``; empty for a selector that names nothing."""
    if selector is None:
        return ""
    parts = [(key, f"{key}={value}") for key, value in (selector.match_labels or {}).items()]
    parts += [(needed.key, _requirement(needed)) for needed in selector.match_expressions or []]
    return ",".join(text for _, text in sorted(parts, key=lambda part: part[0]))


def _requirement(needed: SelectorRequirement) -> str:
    values = ",".join(sorted(needed.values or []))
    match needed.operator:
        case "In":
            return f"{needed.key} in ({values})"
        case "NotIn":
            return f"{needed.key} notin ({values})"
        case "DoesNotExist":
            return f"!{needed.key}"
        case _:
            return needed.key


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """The same of a selector that is still a plain mapping; an odd one as it is."""
    try:
        return format_selector(msgspec.convert(selector, LabelSelector | None))
    except msgspec.ValidationError:
        return str(selector)
