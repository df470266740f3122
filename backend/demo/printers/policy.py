"""Rows of disruption budgets, autoscalers, and of who may do what."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import age


def _created(obj: dict[str, Any]) -> str:
    return age(obj["metadata"].get("creationTimestamp"))


def _budget(obj: dict[str, Any]) -> list[Any]:
    spec = obj.get("spec", {})
    return [
        obj["metadata"]["name"],
        str(spec.get("minAvailable", "N/A")),
        str(spec.get("maxUnavailable", "N/A")),
        obj.get("status", {}).get("disruptionsAllowed", 0),
        _created(obj),
    ]


def _metric(spec: dict[str, Any], current: list[dict[str, Any]]) -> str:
    wanted = spec.get("resource", {})
    target = wanted.get("target", {})
    now: dict[str, Any] = next(
        (
            m["resource"]["current"]
            for m in current
            if m.get("resource", {}).get("name") == wanted.get("name")
        ),
        {},
    )
    if target.get("averageUtilization") is not None:
        use = now.get("averageUtilization")
        text = "<unknown>" if use is None else f"{use}%"
        return f"{wanted.get('name')}: {text}/{target['averageUtilization']}%"
    return f"{now.get('averageValue', '<unknown>')}/{target.get('averageValue', '<auto>')}"


def _autoscaler(obj: dict[str, Any]) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    reference = spec.get("scaleTargetRef", {})
    metrics = [_metric(m, status.get("currentMetrics") or []) for m in spec.get("metrics") or ()]
    return [
        obj["metadata"]["name"],
        f"{reference.get('kind')}/{reference.get('name')}",
        ", ".join(metrics) or "<none>",
        str(spec.get("minReplicas", "<unset>")),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        _created(obj),
    ]


def _role(obj: dict[str, Any]) -> list[Any]:
    """Name and the creation time itself: roles have no printed age."""
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp", "")]


def _binding(obj: dict[str, Any]) -> list[Any]:
    reference = obj.get("roleRef", {})
    held: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        name = subject["name"]
        if subject["kind"] == "ServiceAccount":
            name = f"{subject.get('namespace', '')}/{name}"
        held.setdefault(subject["kind"], []).append(name)
    return [
        obj["metadata"]["name"],
        f"{reference.get('kind')}/{reference.get('name')}",
        _created(obj),
        ", ".join(held["User"]),
        ", ".join(held["Group"]),
        ", ".join(held["ServiceAccount"]),
    ]


CELLS = {
    "policy/poddisruptionbudgets": _budget,
    "autoscaling/horizontalpodautoscalers": _autoscaler,
    "rbac.authorization.k8s.io/roles": _role,
    "rbac.authorization.k8s.io/clusterroles": _role,
    "rbac.authorization.k8s.io/rolebindings": _binding,
    "rbac.authorization.k8s.io/clusterrolebindings": _binding,
}
