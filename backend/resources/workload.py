"""What the workload kinds share: a pod template, conditions, and columns over them."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.resources.kind import Column, computed_column
from backend.resources.labels import LabelSelector, format_selector


class Condition(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class TemplateContainer(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    image: str = ""


class TemplatePodSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    containers: list[TemplateContainer] | None = None
    node_selector: dict[str, str] | None = None


class PodTemplate(msgspec.Struct, frozen=True, gc=False):
    spec: TemplatePodSpec = TemplatePodSpec()


def condition(conditions: list[Condition] | None, type_: str) -> Condition | None:
    """The first condition of this type, or None."""
    return next((found for found in conditions or () if found.type == type_), None)


def is_true(conditions: list[Condition] | None, type_: str) -> bool:
    found = condition(conditions, type_)
    return found is not None and found.status == "True"


def said(found: Condition) -> str:
    """Reason and message of a condition in one line."""
    return ": ".join(part for part in (found.reason, found.message) if part)


def _containers(item: Any) -> str:
    return ",".join(container.name for container in item.spec.template.spec.containers or ())


def _images(item: Any) -> str:
    return ",".join(container.image for container in item.spec.template.spec.containers or ())


CONTAINERS = computed_column("CONTAINERS", _containers, wide=True, priority=4)
IMAGES = computed_column("IMAGES", _images, wide=True, priority=4)


def selector_column(*, none: str = "<none>") -> Column:
    def text(item: Any) -> str:
        selector: LabelSelector | None = item.spec.selector
        return format_selector(selector) or none

    return computed_column("SELECTOR", text, wide=True, priority=5)
