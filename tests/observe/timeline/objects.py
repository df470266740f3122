"""Objects of one rollout, as a server would give them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backend.observe.timeline.happening import Happening, Subject, What
from backend.observe.timeline.relatives import Relative, Relatives
from backend.resources import registry
from backend.resources.kind import Health, api_resource

NOW = 1_790_000_000.0


def stamp(seconds_ago: float) -> str:
    return datetime.fromtimestamp(NOW - seconds_ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str, *, ago: float = 3600, owner: str = "", **more: Any) -> dict[str, Any]:
    maker = {"kind": "ReplicaSet", "name": owner, "uid": f"uid-{owner}", "controller": True}
    return {
        "name": name,
        "namespace": "pay",
        "uid": f"uid-{name}",
        "creationTimestamp": stamp(ago),
        "ownerReferences": [maker] if owner else [],
    } | more


def replica_set(name: str, revision: int, image: str, *, ago: float, **container: Any) -> dict[str, Any]:
    told = {"name": "api", "image": image} | container
    return {
        "metadata": meta(name, ago=ago, annotations={"deployment.kubernetes.io/revision": str(revision)}),
        "spec": {
            "template": {
                "metadata": {"labels": {"app": "api", "pod-template-hash": name}},
                "spec": {"containers": [told]},
            }
        },
    }


def pod(name: str, *, of: str, node: str = "n1", ago: float = 600) -> dict[str, Any]:
    return {"metadata": meta(name, ago=ago, owner=of), "spec": {"nodeName": node}, "status": {}}


def relative(kind: str, obj: dict[str, Any], *, role: str = "pod") -> Relative:
    words = {"ReplicaSet": "replicasets", "Pod": "pods", "Node": "nodes", "Deployment": "deployments"}
    known = registry.builtin(words.get(kind, ""))
    resource = known.resource if known is not None else api_resource("v1", kind, f"{kind.lower()}s")
    metadata = obj.get("metadata") or {}
    owners = metadata.get("ownerReferences") or [{}]
    subject = Subject(
        role=role,
        resource=resource,
        kind=kind,
        namespace="" if kind == "Node" else "pay",
        name=metadata.get("name", "x"),
        part=owners[0].get("name", "") if kind == "Pod" else "",
    )
    return Relative(subject=subject, obj=obj)


def relatives(*found: Relative) -> Relatives:
    return Relatives(found={one.subject.key: one for one in found})


def trouble(name: str, *, ago: float = 100, begun: float = 0.0, title: str = "BackOff") -> Happening:
    """A problem of a pod."""
    subject = Subject(role="pod", resource=None, kind="Pod", namespace="pay", name=name)
    return Happening(
        at=NOW - ago,
        what=What.EVENT,
        subject=subject,
        title=title,
        health=Health.FAILING,
        begun=NOW - begun if begun else 0.0,
    )
