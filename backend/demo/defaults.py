"""What the server fills in when an object is written: the defaulting of the kinds people apply.

Follows k8s.io/kubernetes/pkg/apis/*/v1/defaults.go. Kinds without an entry are stored as they come.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backend.demo.customs import accepted
from backend.demo.manifests import cluster_ip
from backend.demo.pods import complete_spec, qos_class

if TYPE_CHECKING:
    from backend.demo.cluster import Cluster


def fill_in(cluster: Cluster, key: str, obj: dict[str, Any], *, created: bool) -> None:
    """Default an object in place.

    ``created`` also gives it what allocators and admission give new objects; that belongs to no manager.
    """
    if key in _TEMPLATED:
        template = obj.get("spec", {}).get("template")
        if isinstance(template, dict):
            template.setdefault("metadata", {})
            pod_spec(template.setdefault("spec", {}))
    if filler := _FILLERS.get(key):
        filler(cluster, obj, created)


def pod_spec(spec: dict[str, Any]) -> None:
    """Defaults of a pod's spec, in a pod or in a template."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        _container(container)
    for volume in spec.get("volumes") or ():
        for kind in ("configMap", "secret", "downwardAPI", "projected"):
            if isinstance(volume.get(kind), dict):
                volume[kind].setdefault("defaultMode", 420)


def _container(container: dict[str, Any]) -> None:
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    latest = tag in ("", "latest") and "@" not in image
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    limits = container["resources"].get("limits") or {}
    if limits:
        container["resources"]["requests"] = {**limits, **(container["resources"].get("requests") or {})}
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if isinstance(probe, dict):
            for field, value in (
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ):
                probe.setdefault(field, value)
            if isinstance(probe.get("httpGet"), dict):
                probe["httpGet"].setdefault("scheme", "HTTP")
                probe["httpGet"].setdefault("path", "/")
    for entry in container.get("env") or ():
        reference = (entry.get("valueFrom") or {}).get("fieldRef")
        if isinstance(reference, dict):
            reference.setdefault("apiVersion", "v1")


def _pod(cluster: Cluster, obj: dict[str, Any], created: bool) -> None:
    spec = obj.setdefault("spec", {})
    pod_spec(spec)
    if created:
        complete_spec(spec)
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}


def _deployment(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    if created:
        obj["status"] = {}


def _replica_set(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    obj.setdefault("spec", {}).setdefault("replicas", 1)
    if created:
        obj["status"] = {"replicas": 0}


def _stateful_set(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {"type": "RollingUpdate"})
    if strategy.get("type") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    retain = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    spec.setdefault("persistentVolumeClaimRetentionPolicy", retain)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("status", {"phase": "Pending"})
    if created:
        obj["status"] = {"replicas": 0, "availableReplicas": 0}


def _daemon_set(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    spec = obj.setdefault("spec", {})
    strategy = spec.setdefault("updateStrategy", {"type": "RollingUpdate"})
    if strategy.get("type") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    if created:
        obj["status"] = {
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        }


def _job(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    from backend.demo.controllers.cronjob import complete_job

    if created:
        obj["status"] = {}
        if not (obj.get("spec") or {}).get("manualSelector"):
            complete_job(obj, obj["metadata"]["uid"])


def _cron_job(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job = spec.setdefault("jobTemplate", {})
    job.setdefault("metadata", {})
    template = job.setdefault("spec", {}).setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))
    if created:
        obj["status"] = {}


def _service(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if spec["type"] == "ExternalName":
        return
    meta = obj["metadata"]
    spec.setdefault("internalTrafficPolicy", "Cluster")
    if created:
        spec.setdefault("clusterIP", cluster_ip(f"{meta.get('namespace', '')}/{meta['name']}"))
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
        for port in (spec.get("ports") or ()) if created else ():
            port.setdefault("nodePort", 30000 + int(meta["uid"][:6], 16) % 2768)
    if created:
        obj["status"] = {"loadBalancer": {}}


def _claim(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    if created:
        obj["metadata"].setdefault("finalizers", ["kubernetes.io/pvc-protection"])
        obj["status"] = {"phase": "Pending"}


def _namespace(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    if created:
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}


def _secret(_: Cluster, obj: dict[str, Any], created: bool) -> None:
    obj.setdefault("type", "Opaque")
    plain = obj.pop("stringData", None) or {}
    if plain:
        packed = {name: base64.b64encode(str(value).encode()).decode() for name, value in plain.items()}
        obj["data"] = {**(obj.get("data") or {}), **packed}


def _crd(cluster: Cluster, obj: dict[str, Any], created: bool) -> None:
    fresh = accepted(cluster, obj)
    obj["spec"] = fresh["spec"]
    obj["status"] = fresh["status"] if created else obj.get("status") or fresh["status"]
    obj["status"]["acceptedNames"] = fresh["spec"]["names"]


_TEMPLATED = ("apps/deployments", "apps/replicasets", "apps/statefulsets", "apps/daemonsets", "batch/jobs")
_FILLERS: dict[str, Callable[[Cluster, dict[str, Any], bool], None]] = {
    "pods": _pod,
    "apps/deployments": _deployment,
    "apps/replicasets": _replica_set,
    "apps/statefulsets": _stateful_set,
    "apps/daemonsets": _daemon_set,
    "batch/jobs": _job,
    "batch/cronjobs": _cron_job,
    "services": _service,
    "persistentvolumeclaims": _claim,
    "namespaces": _namespace,
    "secrets": _secret,
    "apiextensions.k8s.io/customresourcedefinitions": _crd,
}
