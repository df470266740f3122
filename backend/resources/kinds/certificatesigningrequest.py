"""Certificate signing requests."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.duration import human_duration
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)
from backend.resources.workload import Condition, condition, said


class RequestSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    signer_name: str = ""
    username: str = ""
    expiration_seconds: int | None = None


class RequestStatus(msgspec.Struct, frozen=True, gc=False):
    conditions: list[Condition] | None = None
    certificate: str = ""


class Request(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: RequestSpec = RequestSpec()
    status: RequestStatus = RequestStatus()


def _duration(request: Request) -> str:
    seconds = request.spec.expiration_seconds
    return "<none>" if seconds is None else human_duration(seconds)


def _condition(request: Request) -> str:
    """Denied before Approved before Pending; then what followed from it."""
    types = {found.type for found in request.status.conditions or ()}
    words = ["Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"]
    if "Failed" in types:
        words.append("Failed")
    if request.status.certificate:
        words.append("Issued")
    return ",".join(words)


def _assess(request: Request) -> Verdict:
    conditions = request.status.conditions
    for type_, health in (("Failed", Health.FAILING), ("Denied", Health.DONE)):
        found = condition(conditions, type_)
        if found is not None:
            return Verdict(health, f"{type_.lower()}: {said(found)}".removesuffix(": "))
    if request.status.certificate:
        return OK
    if condition(conditions, "Approved") is not None:
        return Verdict(Health.PROGRESSING, "approved; its signer has not issued a certificate yet")
    return Verdict(Health.WARNING, "waits for someone to approve or deny it")


KIND = Kind(
    resource=api_resource(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        "csr",
        namespaced=False,
    ),
    wire=Request,
    assess=_assess,
    columns=(
        name_column(),
        age_column(),
        text_column("SIGNERNAME", "spec.signer_name", none="<none>"),
        text_column("REQUESTOR", "spec.username"),
        computed_column(
            "REQUESTEDDURATION",
            _duration,
            key=lambda request: request.spec.expiration_seconds or 0,
            align="right",
            priority=3,
        ),
        computed_column("CONDITION", _condition, priority=0),
    ),
)
