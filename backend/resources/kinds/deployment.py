"""Deployments."""

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
    number_column,
)
from backend.resources.labels import LabelSelector
from backend.resources.workload import (
    CONTAINERS,
    IMAGES,
    Condition,
    PodTemplate,
    condition,
    ready_column,
    said,
    selector_column,
)


class DeploymentSpec(msgspec.Struct, frozen=True, gc=False):
    replicas: int = 1
    paused: bool = False
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class DeploymentStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: list[Condition] | None = None


class Deployment(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


def _assess(deployment: Deployment) -> Verdict:  # noqa: PLR0911 - the first that applies
    """As ``kubectl rollout status`` judges, with what the controller says."""
    spec, status = deployment.spec, deployment.status
    if deployment.metadata.deletion_timestamp is not None:
        return Verdict(Health.PROGRESSING, "being deleted")
    progressing = condition(status.conditions, "Progressing")
    if progressing is not None and progressing.reason == "ProgressDeadlineExceeded":
        return Verdict(Health.FAILING, said(progressing))
    failure = condition(status.conditions, "ReplicaFailure")
    if failure is not None and failure.status == "True":
        return Verdict(Health.FAILING, said(failure))
    if (deployment.metadata.generation or 0) > status.observed_generation:
        return Verdict(Health.PROGRESSING, "the controller has not seen the latest change yet")
    if status.updated_replicas < spec.replicas and not spec.paused:
        return Verdict(Health.PROGRESSING, f"{status.updated_replicas} of {spec.replicas} updated")
    if status.available_replicas < spec.replicas:
        missing = f"{status.available_replicas} of {spec.replicas} available"
        rolling = status.replicas > status.updated_replicas
        return Verdict(Health.PROGRESSING if rolling else Health.WARNING, missing)
    if status.replicas > status.updated_replicas:
        return Verdict(Health.PROGRESSING, f"{status.replicas - status.updated_replicas} old pods remain")
    return OK


KIND = Kind(
    resource=api_resource("apps/v1", "Deployment", "deployments", "deploy"),
    wire=Deployment,
    assess=_assess,
    columns=(
        name_column(),
        ready_column(),
        number_column("UP-TO-DATE", lambda deployment: deployment.status.updated_replicas),
        number_column("AVAILABLE", lambda deployment: deployment.status.available_replicas),
        age_column(),
        CONTAINERS,
        IMAGES,
        selector_column(none=""),
    ),
)
