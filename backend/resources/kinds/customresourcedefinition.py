"""Custom resource definitions: a row keeps none of their schemas."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    BEING_DELETED,
    OK,
    Health,
    Kind,
    Verdict,
    api_resource,
    created_at_column,
    name_column,
)
from backend.resources.workload import Condition, condition, said


class DefinitionStatus(msgspec.Struct, frozen=True, gc=False):
    conditions: list[Condition] | None = None


class Definition(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    status: DefinitionStatus = DefinitionStatus()


def _assess(definition: Definition) -> Verdict:
    conditions = definition.status.conditions
    terminating = condition(conditions, "Terminating")
    if terminating is not None and terminating.status == "True":
        stuck = terminating.reason == "InstanceDeletionFailed"
        return Verdict(Health.FAILING if stuck else Health.PROGRESSING, said(terminating))
    if definition.metadata.deletion_timestamp is not None:
        return BEING_DELETED
    for type_ in ("NamesAccepted", "Established"):
        found = condition(conditions, type_)
        if found is not None and found.status == "False":
            waits = found.reason == "Installing"
            return Verdict(Health.PROGRESSING if waits else Health.FAILING, said(found))
    structural = condition(conditions, "NonStructuralSchema")
    if structural is not None and structural.status == "True":
        return Verdict(Health.WARNING, said(structural))
    return OK if conditions else Verdict(Health.PROGRESSING, "not established yet")


KIND = Kind(
    resource=api_resource(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "crd",
        "crds",
        namespaced=False,
    ),
    wire=Definition,
    assess=_assess,
    columns=(name_column(), created_at_column()),
)
