"""Services get their addresses, and endpoint slices follow the ready pods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active, is_ready, owned
from backend.demo.engine import Engine
from backend.demo.pods import owner_reference
from backend.demo.store import Event, Key

SLICES = "discovery.k8s.io/endpointslices"
_NAME_LABEL = "kubernetes.io/service-name"


class EndpointSliceController:
    watches = ("services", "pods")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        if collection == "services":
            return [event.stored.key]
        stored = event.stored
        return [
            service.key
            for service in self.cluster.store.collection("services").items.values()
            if service.namespace == stored.namespace and self._selects(service.key, stored.labels)
        ]

    def _selects(self, key: Key, labels: dict[str, str]) -> bool:
        service = self.cluster.store.get("services", *key)
        selector: dict[str, str] = (service.object()["spec"].get("selector") if service else None) or {}
        return bool(selector) and selector.items() <= labels.items()

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get("services", *key)
        if stored is None or stored.terminating:
            return
        service = stored.object()
        selector = service["spec"].get("selector")
        if not selector:
            return
        endpoints = []
        for item in self.cluster.store.collection("pods").items.values():
            if item.namespace == stored.namespace and selector.items() <= item.labels.items():
                pod = item.object()
                if pod["status"].get("podIP") and pod["status"].get("phase") == "Running":
                    endpoints.append(_endpoint(pod))
        endpoints.sort(key=lambda endpoint: endpoint["addresses"][0])
        ports = [
            {"name": port.get("name", ""), "port": _target(port), "protocol": port.get("protocol", "TCP")}
            for port in service["spec"].get("ports") or ()
        ]
        held = owned(self.cluster, stored.uid, SLICES)
        if held:
            obj = held[0].object() | {"endpoints": endpoints, "ports": ports}
            self.cluster.change(SLICES, held[0], obj)
            return
        labels = {
            **(service["metadata"].get("labels") or {}),
            _NAME_LABEL: stored.name,
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }
        self.cluster.add(
            SLICES,
            {
                "metadata": {
                    "name": f"{stored.name}-{self.cluster.new_suffix()}",
                    "generateName": f"{stored.name}-",
                    "namespace": stored.namespace,
                    "labels": labels,
                    "ownerReferences": [owner_reference(service, "Service", "v1")],
                    "generation": 1,
                },
                "addressType": "IPv4",
                "endpoints": endpoints,
                "ports": ports,
            },
        )


def _target(port: dict[str, Any]) -> int:
    target = port.get("targetPort", port["port"])
    return target if isinstance(target, int) else int(port["port"])


def _endpoint(pod: dict[str, Any]) -> dict[str, Any]:
    ready, meta = is_ready(pod) and is_active(pod), pod["metadata"]
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": ready,
            "serving": is_ready(pod),
            "terminating": "deletionTimestamp" in meta,
        },
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
        },
    }
