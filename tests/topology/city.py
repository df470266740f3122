"""Large clusters made up: lists of JSON as a server would send them, of any size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backend.topology.facts import FactsDecoder
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.scope import WHOLE, resource_named
from tests.topology.making import deployment, meta, owned_by, pod, replica_set, service, uid

_PADDING = "x" * 2_800
"""What a pod carries that nobody here needs (managed fields, probes): about 4 kB a pod."""


def city(
    *, deployments: int = 300, pods_each: int = 22, nodes: int = 60, padded: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """By full name of the kind; a third of the workloads has claims. The default is about 10,000 objects."""
    found: dict[str, list[dict[str, Any]]] = {}

    def add(kind: str, obj: dict[str, Any]) -> None:
        obj["metadata"].setdefault(
            "uid", uid(kind, obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
        )
        found.setdefault(kind, []).append(obj)

    add("storageclasses.storage.k8s.io", {"metadata": meta("fast"), "provisioner": "disk.example"})
    for number in range(nodes):
        labels = {"topology.kubernetes.io/zone": f"zone-{number % 3}"}
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        add("nodes", {"metadata": meta(f"node-{number}", labels=labels), "status": ready})
    for number in range(deployments):
        namespace, name = f"team-{number % 20}", f"app-{number}"
        _workload(add, namespace, name, number, pods_each=pods_each, nodes=nodes, padded=padded)
    return found


def _workload(
    add: Any, namespace: str, name: str, number: int, *, pods_each: int, nodes: int, padded: bool
) -> None:
    add("deployments.apps", deployment(name, namespace, replicas=pods_each))
    add("replicasets.apps", replica_set(f"{name}-rs", namespace, replicas=pods_each, owner=name))
    add("services", service(name, namespace, app=name))
    budget = {"selector": {"matchLabels": {"app": name}}}
    add("poddisruptionbudgets.policy", {"metadata": meta(name, namespace), "spec": budget})
    add("configmaps", {"metadata": meta(name, namespace)})
    for place in range(pods_each):
        labels = {"app": name, "tier": "web", "pod-template-hash": f"{number:08x}"}
        volumes: list[dict[str, Any]] = [{"name": "c", "configMap": {"name": name}}]
        if number % 3 == 0:
            volumes.append({"name": "d", "persistentVolumeClaim": {"claimName": f"{name}-{place}"}})
            claim = {"volumeName": f"pv-{name}-{place}", "storageClassName": "fast"}
            bound = {"phase": "Bound"}
            ref = {"namespace": namespace, "name": f"{name}-{place}"}
            volume = {"storageClassName": "fast", "claimRef": ref}
            add(
                "persistentvolumes",
                {"metadata": meta(f"pv-{name}-{place}"), "spec": volume, "status": bound},
            )
            add(
                "persistentvolumeclaims",
                {"metadata": meta(f"{name}-{place}", namespace), "spec": claim, "status": bound},
            )
        one = pod(
            f"{name}-{place}",
            namespace,
            node=f"node-{(number * 7 + place) % nodes}",
            labels=labels,
            owner=("apps/v1", "ReplicaSet", f"{name}-rs"),
            volumes=volumes,
        )
        if padded:
            one["metadata"]["managedFields"] = [{"fieldsV1": _PADDING}]
        add("pods", one)
    endpoints = [
        {"targetRef": {"kind": "Pod", "name": f"{name}-{p}", "uid": uid("pods", f"{name}-{p}", namespace)}}
        for p in range(pods_each)
    ]
    metadata = meta(
        f"{name}-x",
        namespace,
        labels={"kubernetes.io/service-name": name},
        ownerReferences=[owned_by("v1", "Service", name, namespace=namespace)],
    )
    add("endpointslices.discovery.k8s.io", {"metadata": metadata, "endpoints": endpoints})


def bodies(objects: dict[str, list[dict[str, Any]]], *, page: int = 500) -> Iterator[tuple[str, bytes]]:
    for kind, items in objects.items():
        for start in range(0, len(items), page):
            yield kind, msgspec.json.encode({"metadata": {}, "items": items[start : start + page]})


def graph_of(lists: list[tuple[str, bytes]], *, cluster: str = "east") -> Graph:
    graph = Graph()
    decoders: dict[str, FactsDecoder] = {}
    for kind, body in lists:
        decoder = decoders.get(kind) or decoders.setdefault(kind, FactsDecoder(kind))
        for facts in decoder.page(body).items:
            graph.put(cluster, kind, facts)  # type: ignore[arg-type]
    for kind in WHOLE.kinds:
        if resource_named(kind) is not None:
            graph.cover(cluster, kind, Covered(Reading.WHOLE))
    return graph
