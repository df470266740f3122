"""API services: which groups are served elsewhere, and whether that answers."""

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
    computed_column,
    name_column,
)
from backend.resources.workload import Condition, condition, said


class ServiceReference(msgspec.Struct, frozen=True, gc=False):
    namespace: str = ""
    name: str = ""


class ApiServiceSpec(msgspec.Struct, frozen=True, gc=False):
    service: ServiceReference | None = None


class ApiServiceStatus(msgspec.Struct, frozen=True, gc=False):
    conditions: list[Condition] | None = None


class ApiService(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ApiServiceSpec = ApiServiceSpec()
    status: ApiServiceStatus = ApiServiceStatus()


def _service(api_service: ApiService) -> str:
    service = api_service.spec.service
    return f"{service.namespace}/{service.name}" if service is not None else "Local"


def _available(api_service: ApiService) -> str:
    found = condition(api_service.status.conditions, "Available")
    if found is None:
        return "Unknown"
    return "True" if found.status == "True" else f"{found.status} ({found.reason})"


def _assess(api_service: ApiService) -> Verdict:
    found = condition(api_service.status.conditions, "Available")
    if found is None:
        return Verdict(Health.UNKNOWN, "not tried yet")
    return OK if found.status == "True" else Verdict(Health.FAILING, said(found))


KIND = Kind(
    resource=api_resource("apiregistration.k8s.io/v1", "APIService", "apiservices", namespaced=False),
    wire=ApiService,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("SERVICE", _service),
        computed_column("AVAILABLE", _available, priority=0),
        age_column(),
    ),
)
