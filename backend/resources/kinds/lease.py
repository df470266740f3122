"""Leases: who leads, and which nodes still report."""

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


class LeaseSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    holder_identity: str | None = None


class Lease(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: LeaseSpec = LeaseSpec()


def _assess(lease: Lease) -> Verdict:
    return OK if lease.spec.holder_identity else Verdict(Health.DONE, "nobody holds it")


KIND = Kind(
    resource=api_resource("coordination.k8s.io/v1", "Lease", "leases"),
    wire=Lease,
    assess=_assess,
    columns=(name_column(), text_column("HOLDER", "spec.holder_identity", priority=0), age_column()),
)
