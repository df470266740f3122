"""The description of any object: what all have in common, then what its kind adds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from backend.resources import registry
from backend.resources.describe import (
    autoscaler,
    config,
    cronjob,
    definition,
    disruption_budget,
    helm_release,
    ingress,
    network_policy,
    node,
    pod,
    rights,
    service,
    volume,
    workload,
)
from backend.resources.describe.sheet import Sheet
from backend.resources.duration import age
from backend.resources.kind import Health, Verdict
from backend.resources.kinds.event import Event, last_seen, occurrences
from backend.resources.kinds.event import source as event_source
from backend.resources.masking import LAST_APPLIED, masked
from backend.text import SafeStr

Describer = Callable[[Sheet, Mapping[str, Any], float], None]

_DESCRIBERS: dict[tuple[str, str], Describer] = {
    ("v1", "Pod"): pod.describe,
    ("v1", "Node"): node.describe,
    ("v1", "Service"): service.describe,
    ("v1", "ConfigMap"): config.describe_config_map,
    ("v1", "Secret"): config.describe_secret,
    ("apps/v1", "Deployment"): workload.describe,
    ("apps/v1", "ReplicaSet"): workload.describe,
    ("apps/v1", "StatefulSet"): workload.describe,
    ("apps/v1", "DaemonSet"): workload.describe,
    ("batch/v1", "Job"): workload.describe,
    ("batch/v1", "CronJob"): cronjob.describe,
    ("v1", "ReplicationController"): workload.describe,
    ("v1", "PersistentVolume"): volume.describe,
    ("networking.k8s.io/v1", "Ingress"): ingress.describe,
    ("networking.k8s.io/v1", "NetworkPolicy"): network_policy.describe,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): autoscaler.describe,
    ("policy/v1", "PodDisruptionBudget"): disruption_budget.describe,
    ("rbac.authorization.k8s.io/v1", "Role"): rights.describe_role,
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): rights.describe_role,
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): rights.describe_binding,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): rights.describe_binding,
    ("helm.sh/v1", "HelmRelease"): helm_release.describe,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): definition.describe,
}
_COMMON = {"apiVersion", "kind", "metadata"}


def describe(
    obj: Mapping[str, Any], *, events: Sequence[Event] = (), cluster: str = "", now: float | None = None
) -> SafeStr:
    """The object explained, for people.

    ``now`` is the cluster's present time (seconds since the epoch). Secret values are masked.
    """
    moment = time.time() if now is None else now
    shown = masked(obj)
    sheet = Sheet()
    _identity(sheet, shown, cluster, moment)
    describer = _DESCRIBERS.get((str(shown.get("apiVersion", "")), str(shown.get("kind", ""))))
    if describer is None:
        _anything(sheet, shown)
    else:
        describer(sheet, shown, moment)
    _conditions(sheet, shown, moment)
    _events(sheet, events, moment)
    return sheet.render()


def _identity(sheet: Sheet, obj: Mapping[str, Any], cluster: str, now: float) -> None:
    metadata = obj.get("metadata") or {}
    sheet.field("Name", metadata.get("name"))
    sheet.field("Namespace", metadata.get("namespace"))
    sheet.field("Kind", f"{obj.get('kind', '')} ({obj.get('apiVersion', '')})")
    sheet.field("Cluster", cluster)
    created = metadata.get("creationTimestamp")
    sheet.field("Created", f"{created} ({age(created, now)} ago)" if created else "")
    deleted = metadata.get("deletionTimestamp")
    sheet.field("Deletion", f"asked for, due {deleted}" if deleted else "")
    verdict = verdict_of(obj)
    if verdict is not None and verdict.health is not Health.OK:
        reason = f": {verdict.why}" if verdict.why else ""
        sheet.field("Health", f"{verdict.health.value}{reason}")
    sheet.field("Labels", metadata.get("labels"))
    notes = metadata.get("annotations") or {}
    sheet.field("Annotations", {key: value for key, value in notes.items() if key != LAST_APPLIED})
    owners = metadata.get("ownerReferences") or ()
    sheet.field("Owner", [f"{owner.get('kind')}/{owner.get('name')}" for owner in owners])
    sheet.field("Finalizers", metadata.get("finalizers"))


def verdict_of(obj: Mapping[str, Any]) -> Verdict | None:
    """How a kind with an entry judges it; None for others."""
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    for kind in registry.kinds():
        ours = kind.resource
        if (ours.group, ours.version, ours.kind) == (
            group,
            version,
            obj.get("kind"),
        ) and kind.wire is not None:
            try:
                item = msgspec.json.decode(msgspec.json.encode(obj), type=kind.wire)
            except msgspec.MsgspecError:
                return None
            return kind.assess(item if kind.project is None else kind.project(item))
    return None


def _anything(sheet: Sheet, obj: Mapping[str, Any]) -> None:
    for key, value in obj.items():
        if key in _COMMON:
            continue
        shown = value
        if key == "status" and isinstance(value, Mapping):
            shown = {name: entry for name, entry in value.items() if name != "conditions"}
        if shown:
            sheet.section(key.capitalize())
            sheet.tree(shown)


def _conditions(sheet: Sheet, obj: Mapping[str, Any], now: float) -> None:
    status = obj.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    if not isinstance(conditions, list) or not conditions:
        return
    sheet.section("Conditions")
    sheet.table(
        ("TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"),
        [
            (
                found.get("type"),
                found.get("status"),
                age(found["lastTransitionTime"], now) if found.get("lastTransitionTime") else "",
                found.get("reason"),
                found.get("message"),
            )
            for found in conditions
            if isinstance(found, Mapping)
        ],
    )


def _events(sheet: Sheet, events: Sequence[Event], now: float) -> None:
    sheet.section("Events")
    if not events:
        sheet.text("none recorded")
        return
    newest_last = sorted(events, key=lambda event: last_seen(event) or "")
    sheet.table(
        ("LAST SEEN", "TYPE", "REASON", "COUNT", "FROM", "MESSAGE"),
        [
            (
                age(last_seen(event), now),
                event.type,
                event.reason,
                occurrences(event),
                event_source(event),
                event.message.strip(),
            )
            for event in newest_last
        ],
    )
