"""Objects for graphs, made as a server would list them."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.resources.relations.relation import full_name
from backend.topology.facts import FactsDecoder
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.node import Node

_decoders: dict[str, FactsDecoder] = {}


def meta(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    found = {"name": name, "resourceVersion": "1", **more}
    return found | ({"namespace": namespace} if namespace else {})


def put(graph: Graph, kind: str, *objects: dict[str, Any], cluster: str = "east") -> list[Node]:
    """Decode objects of a kind (full name) as a page of a list, and put them in."""
    decoder = _decoders.setdefault(kind, FactsDecoder(kind))
    items = [_with_uid(obj, kind) for obj in objects]
    page = decoder.page(msgspec.json.encode({"metadata": {}, "items": items}))
    assert not page.skipped
    return [graph.put(cluster, kind, facts) for facts in page.items]  # type: ignore[arg-type]


def uid(kind: str, name: str, namespace: str = "") -> str:
    """What an object gets unless it has one; ``kind``: full name."""
    return f"{kind}:{namespace}:{name}"


def _with_uid(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    metadata = obj["metadata"]
    made = uid(kind, metadata["name"], metadata.get("namespace", ""))
    return obj | {"metadata": {"uid": made} | metadata}


def read_all(graph: Graph, *kinds: str, cluster: str = "east") -> None:
    for kind in kinds:
        graph.cover(cluster, kind, Covered(Reading.WHOLE))


def pod(
    name: str,
    namespace: str = "pay",
    *,
    node: str = "node-1",
    labels: dict[str, str] | None = None,
    owner: tuple[str, str, str] | None = None,
    ready: bool = True,
    **spec: Any,
) -> dict[str, Any]:
    """``owner``: (apiVersion, kind, name)."""
    metadata = meta(name, namespace, labels=labels or {"app": "api"})
    if owner is not None:
        metadata["ownerReferences"] = [owned_by(*owner, namespace=namespace)]
    state = (
        {"running": {}}
        if ready
        else {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting"}}
    )
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": metadata,
        "spec": {"nodeName": node, "containers": [{"name": "main"}], **spec},
        "status": {
            "phase": "Running",
            "conditions": conditions,
            "containerStatuses": [{"name": "main", "ready": ready, "started": ready, "state": state}],
        },
    }


def owned_by(api_version: str, kind: str, name: str, *, namespace: str = "") -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid(full_name(api_version.rpartition("/")[0], kind), name, namespace),
        "controller": True,
    }


def service(name: str, namespace: str = "pay", **selector: str) -> dict[str, Any]:
    return {"metadata": meta(name, namespace), "spec": {"selector": selector or {"app": "api"}}}


def replica_set(name: str, namespace: str = "pay", *, replicas: int = 2, owner: str = "") -> dict[str, Any]:
    metadata = meta(name, namespace)
    if owner:
        metadata["ownerReferences"] = [owned_by("apps/v1", "Deployment", owner, namespace=namespace)]
    return {
        "metadata": metadata,
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "readyReplicas": replicas},
    }


def deployment(name: str, namespace: str = "pay", *, replicas: int = 2) -> dict[str, Any]:
    return {
        "metadata": meta(name, namespace, generation=1),
        "spec": {"replicas": replicas},
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
        },
    }
