"""What makes pods: its pods, and what its template needs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.pod_spec import Template, references
from backend.resources.relations.relation import Holder, Look, Relation

_SCALED = Look(kind="horizontalpodautoscalers.autoscaling")
_SERVED = Look(kind="services", role="served by")
_PODS = Look(kind="pods", role="pods", selected=True)
KINDS = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "jobs.batch",
    "replicationcontrollers",
)
LOOKS = {
    "deployments.apps": (_PODS, Look(kind="replicasets.apps", role="replica sets"), _SCALED, _SERVED),
    "statefulsets.apps": (_PODS, _SCALED, _SERVED),
    "daemonsets.apps": (_PODS, _SERVED),
    "replicasets.apps": (_PODS, _SCALED, _SERVED),
    "jobs.batch": (_PODS,),
    "replicationcontrollers": (_PODS, _SERVED),
}


class WorkloadSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    template: Template = Template()
    service_name: str = ""


class Workload(Holder, frozen=True, gc=False):
    spec: WorkloadSpec = WorkloadSpec()


WIRE = Workload


def relations(obj: Workload) -> Iterator[Relation]:
    namespace, spec = obj.metadata.namespace, obj.spec
    yield from references(spec.template.spec, namespace)
    if spec.service_name:
        yield Relation(
            role="named by",
            back="names pods of",
            kind="services",
            namespace=namespace,
            name=spec.service_name,
        )
