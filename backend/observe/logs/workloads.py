"""From an object to its pods: what to ask the server for, and which of the answers are meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.fleet.objects import Found
from backend.fleet.query import Query
from backend.kube.errors import KubeError
from backend.observe.logs.pods import LogPod
from backend.observe.logs.selection import PODS, of_object


class NoPods(KubeError):
    """An object of a kind that runs no pods."""

    default_advice = "Logs are of pods and of what runs them: workloads, jobs, services, nodes, namespaces."


@dataclass(frozen=True, slots=True)
class PodsMeant:
    """A query for pods, and whether one of its answers is meant."""

    query: Query
    wanted: Callable[[LogPod], bool] | None = None
    """None: all of them are."""


def pods_of(found: Found) -> PodsMeant:
    """The pods of an object. Raises NoPods."""
    kind, spec = found.resource.full_name, found.obj.get("spec") or {}
    where = Query(
        kind=PODS,
        clusters=(found.cluster.id,),
        namespaces=(found.namespace,) if found.namespace else (),
    )
    match kind:
        case "pods":
            return PodsMeant(
                of_object(cluster_id=found.cluster.id, kind=PODS, namespace=found.namespace, name=found.name)
            )
        case "nodes":
            name = found.name
            return PodsMeant(where, lambda pod: pod.spec.node_name == name)
        case "namespaces":
            return PodsMeant(Query(kind=PODS, clusters=where.clusters, namespaces=(found.name,)))
        case "cronjobs.batch":
            return PodsMeant(where, _of_cron_job(found.name))
    labels = selector_text(spec.get("selector"))
    if not labels:
        raise NoPods(found.cluster.name, f"{found.place} runs no pods that could be found by a selector")
    return PodsMeant(Query(kind=PODS, clusters=where.clusters, namespaces=where.namespaces, labels=labels))


def _of_cron_job(name: str) -> Callable[[LogPod], bool]:
    """Jobs of a cron job are called after it and the minute they are for; a pod names its job as owner."""

    def wanted(pod: LogPod) -> bool:
        for owner in pod.metadata.owner_references or ():
            base, dash, minute = owner.name.rpartition("-")
            if owner.kind == "Job" and dash and base == name and minute.isalnum():
                return True
        return False

    return wanted


def selector_text(selector: object) -> str:
    """A label selector of an object as a query's text; empty when it selects nothing or everything.

    Both forms: ``{app: api}`` of services, ``matchLabels`` and ``matchExpressions`` of workloads.
    """
    if not isinstance(selector, Mapping):
        return ""
    if not {"matchLabels", "matchExpressions"} & selector.keys():
        return ",".join(f"{key}={value}" for key, value in selector.items() if isinstance(value, str))
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    parts += [text for one in selector.get("matchExpressions") or () if (text := _expression(one))]
    return ",".join(parts)


def _expression(one: Mapping[str, Any]) -> str:
    key, values = one.get("key", ""), ",".join(map(str, one.get("values") or ()))
    match one.get("operator"):
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "Exists":
            return str(key)
        case "DoesNotExist":
            return f"!{key}"
    return ""
