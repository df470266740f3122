"""Namespaces."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    name_column,
    text_column,
)
from backend.resources.workload import Condition, said


class NamespaceStatus(msgspec.Struct, frozen=True, gc=False):
    phase: str = ""
    conditions: list[Condition] | None = None


class Namespace(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    status: NamespaceStatus = NamespaceStatus()


def _assess(namespace: Namespace) -> Verdict:
    if namespace.status.phase != "Terminating":
        return OK
    for found in namespace.status.conditions or ():
        if found.status == "True":  # all of a terminating namespace's conditions tell what holds it back
            return Verdict(Health.WARNING, said(found))
    return Verdict(Health.PROGRESSING, "being deleted")


KIND = Kind(
    resource=api_resource("v1", "Namespace", "namespaces", "ns", namespaced=False),
    wire=Namespace,
    assess=_assess,
    columns=(name_column(), text_column("STATUS", "status.phase", priority=0), age_column()),
)
