"""Rows of what makes pods: deployments, replica sets, stateful sets, daemon sets, jobs."""

from __future__ import annotations

import time
from typing import Any

from backend.demo.ages import age, human_duration, seconds_of


def label_text(labels: dict[str, str] | None) -> str:
    """``a=b,c=d`` sorted, or ``<none>``: labels.FormatLabels."""
    return ",".join(f"{k}={v}" for k, v in sorted((labels or {}).items())) or "<none>"


def selector_text(selector: dict[str, Any] | None, *, empty: str = "<none>") -> str:
    """A LabelSelector in the string form of selectors, requirements sorted by key."""
    parts = [(key, f"{key}={value}") for key, value in ((selector or {}).get("matchLabels") or {}).items()]
    for rule in (selector or {}).get("matchExpressions") or ():
        values = ",".join(sorted(rule.get("values") or ()))
        key = rule["key"]
        text = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }[rule["operator"]]
        parts.append((key, text))
    return ",".join(text for _, text in sorted(parts)) or empty


def containers_text(template: dict[str, Any]) -> list[str]:
    """Names and images of a pod template, as two cells."""
    containers = template.get("spec", {}).get("containers") or ()
    return [",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)]


def _parts(obj: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    meta = obj["metadata"]
    return meta["name"], obj.get("spec", {}), obj.get("status", {}), age(meta.get("creationTimestamp"))


def _deployment(obj: dict[str, Any]) -> list[Any]:
    name, spec, status, created = _parts(obj)
    return [
        name,
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        created,
        *containers_text(spec.get("template", {})),
        selector_text(spec.get("selector"), empty=""),
    ]


def _replica_set(obj: dict[str, Any]) -> list[Any]:
    name, spec, status, created = _parts(obj)
    return [
        name,
        spec.get("replicas", 1),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        created,
        *containers_text(spec.get("template", {})),
        selector_text(spec.get("selector")),
    ]


def _stateful_set(obj: dict[str, Any]) -> list[Any]:
    name, spec, status, created = _parts(obj)
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    return [name, ready, created, *containers_text(spec.get("template", {}))]


def _daemon_set(obj: dict[str, Any]) -> list[Any]:
    name, spec, status, created = _parts(obj)
    template = spec.get("template", {})
    return [
        name,
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        label_text(template.get("spec", {}).get("nodeSelector")),
        created,
        *containers_text(template),
        selector_text(spec.get("selector")),
    ]


def _job_status(obj: dict[str, Any]) -> str:
    held = {c["type"] for c in obj.get("status", {}).get("conditions") or () if c["status"] == "True"}
    if "Complete" in held:
        return "Complete"
    if "Failed" in held:
        return "Failed"
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    for condition in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if condition in held:
            return condition
    return "Running"


def _job(obj: dict[str, Any]) -> list[Any]:
    name, spec, status, created = _parts(obj)
    succeeded = status.get("succeeded", 0)
    if spec.get("completions") is not None:
        completions = f"{succeeded}/{spec['completions']}"
    elif (spec.get("parallelism") or 0) > 1:
        completions = f"{succeeded}/1 of {spec['parallelism']}"
    else:
        completions = f"{succeeded}/1"
    taken = ""
    if status.get("startTime"):
        ended = status.get("completionTime")
        taken = human_duration(
            (seconds_of(ended) if ended else time.time()) - seconds_of(status["startTime"])
        )
    template = spec.get("template", {})
    return [
        name,
        _job_status(obj),
        completions,
        taken,
        created,
        *containers_text(template),
        selector_text(spec.get("selector")),
    ]


def _cron_job(obj: dict[str, Any]) -> list[Any]:
    name, spec, status, created = _parts(obj)
    last = status.get("lastScheduleTime")
    job = spec.get("jobTemplate", {}).get("spec", {})
    return [
        name,
        spec.get("schedule", ""),
        spec.get("timeZone") or "<none>",
        {True: "True", False: "False", None: "<unset>"}[spec.get("suspend")],
        len(status.get("active") or ()),
        age(last) if last else "<none>",
        created,
        *containers_text(job.get("template", {})),
        selector_text(job.get("selector")),
    ]


CELLS = {
    "apps/deployments": _deployment,
    "apps/replicasets": _replica_set,
    "apps/statefulsets": _stateful_set,
    "apps/daemonsets": _daemon_set,
    "batch/jobs": _job,
    "batch/cronjobs": _cron_job,
}
