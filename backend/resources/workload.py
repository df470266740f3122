"""What the workload kinds share: a pod template, conditions, and columns over them."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.resources.kind import (
    OK,
    Column,
    Health,
    Verdict,
    age_column,
    computed_column,
    name_column,
    number_column,
)
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


def container_names(template: PodTemplate) -> str:
    return ",".join(container.name for container in template.spec.containers or ())


def container_images(template: PodTemplate) -> str:
    return ",".join(container.image for container in template.spec.containers or ())


def _containers(item: Any) -> str:
    return container_names(item.spec.template)


def _images(item: Any) -> str:
    return container_images(item.spec.template)


CONTAINERS = computed_column("CONTAINERS", _containers, wide=True, priority=4)
IMAGES = computed_column("IMAGES", _images, wide=True, priority=4)


def selector_column(*, none: str = "<none>") -> Column:
    def text(item: Any) -> str:
        selector: LabelSelector | None = item.spec.selector
        return format_selector(selector) or none

    return computed_column("SELECTOR", text, wide=True, priority=5)


def ready_column() -> Column:
    """READY as ``2/3``: pods that are ready of those wanted; sorts the least ready first."""

    def text(item: Any) -> str:
        return f"{item.status.ready_replicas}/{item.spec.replicas}"

    def key(item: Any) -> tuple[float, int]:
        wanted = item.spec.replicas
        return (item.status.ready_replicas / wanted if wanted else 1.0, wanted)

    return computed_column("READY", text, key=key, align="right", priority=0)


class ReplicasStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What a replica set and a replication controller say of their pods."""

    replicas: int = 0
    ready_replicas: int = 0
    conditions: list[Condition] | None = None


def assess_replicas(item: Any) -> Verdict:
    """The verdict on what keeps a number of pods: a replica set or a replication controller."""
    wanted, status = item.spec.replicas, item.status
    failure = condition(status.conditions, "ReplicaFailure")
    if failure is not None and failure.status == "True":
        return Verdict(Health.FAILING, said(failure))
    if status.replicas != wanted:
        return Verdict(Health.PROGRESSING, f"{status.replicas} of {wanted} pods exist")
    if status.ready_replicas < wanted:
        return Verdict(Health.WARNING, f"{status.ready_replicas} of {wanted} ready")
    return OK if wanted else Verdict(Health.DONE)


def replicas_columns(selector: Column) -> tuple[Column, ...]:
    """The columns of what keeps a number of pods."""
    return (
        name_column(),
        number_column("DESIRED", lambda item: item.spec.replicas, priority=0),
        number_column("CURRENT", lambda item: item.status.replicas),
        number_column("READY", lambda item: item.status.ready_replicas, priority=0),
        age_column(),
        CONTAINERS,
        IMAGES,
        selector,
    )
