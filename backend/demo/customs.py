"""CustomResourceDefinitions: a definition that is stored becomes served."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import rfc3339
from backend.demo.catalog import Resource, Subresource
from backend.demo.cluster import Cluster
from backend.demo.store import Event

CRDS = "apiextensions.k8s.io/customresourcedefinitions"
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}

MAINTENANCE_WINDOWS: dict[str, Any] = {
    "metadata": {"name": "maintenancewindows.ops.shop.example", "generation": 1},
    "spec": {
        "group": "ops.shop.example",
        "scope": "Namespaced",
        "names": {
            "plural": "maintenancewindows",
            "singular": "maintenancewindow",
            "kind": "MaintenanceWindow",
            "listKind": "MaintenanceWindowList",
            "shortNames": ["mw"],
            "categories": ["ops"],
        },
        "conversion": {"strategy": "None"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Start", "type": "string", "jsonPath": ".spec.start"},
                    {"name": "Minutes", "type": "integer", "jsonPath": ".spec.minutes"},
                    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
                    {"name": "Affects", "type": "string", "jsonPath": ".spec.affects", "priority": 1},
                    _AGE,
                ],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "description": "A time in which a team may break things on purpose.",
                        "properties": {
                            "apiVersion": {"type": "string"},
                            "kind": {"type": "string"},
                            "metadata": {"type": "object"},
                            "spec": {
                                "type": "object",
                                "required": ["start", "minutes"],
                                "properties": {
                                    "start": {"type": "string"},
                                    "minutes": {"type": "integer", "minimum": 1},
                                    "affects": {"type": "array", "items": {"type": "string"}},
                                },
                            },
                            "status": {
                                "type": "object",
                                "properties": {"phase": {"type": "string"}},
                            },
                        },
                    }
                },
            }
        ],
    },
}


def install_crd(cluster: Cluster, definition: dict[str, Any]) -> None:
    """Store a definition; ``follow`` makes it served."""
    cluster.add(CRDS, accepted(cluster, definition))


def accepted(cluster: Cluster, definition: dict[str, Any]) -> dict[str, Any]:
    """The definition with the status that the server gives it at once (names accepted, established)."""
    at = rfc3339(cluster.now())
    spec = definition["spec"]
    names = dict(spec["names"])
    names.setdefault("singular", names["kind"].lower())
    names.setdefault("listKind", f"{names['kind']}List")
    spec = {**spec, "names": names, "conversion": spec.get("conversion") or {"strategy": "None"}}
    held = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    status = {
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": at, "reason": reason, "message": message}
            for kind, reason, message in held
        ],
        "acceptedNames": names,
        "storedVersions": [version["name"] for version in spec["versions"] if version.get("storage")],
    }
    return {**definition, "metadata": dict(definition["metadata"]), "spec": spec, "status": status}


def follow(cluster: Cluster) -> None:
    """Keep the catalog in step with the stored definitions."""

    def changed(collection: str, event: Event) -> None:
        if collection != CRDS:
            return
        if event.previous is not None:
            _withdraw(cluster, event.previous.object())
        if event.type != "DELETED":
            _serve(cluster, event.stored.object())

    cluster.store.listen(changed)


def _serve(cluster: Cluster, definition: dict[str, Any]) -> None:
    spec = definition["spec"]
    names = definition.get("status", {}).get("acceptedNames") or spec["names"]
    for version in spec["versions"]:
        if not version.get("served"):
            continue
        parts = {}
        for name in ("status", "scale"):
            if name in (version.get("subresources") or {}):
                parts[name] = Subresource(
                    name, names["kind"], spec["group"], version["name"], ("get", "patch", "update")
                )
        resource = Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            singular=names.get("singular") or names["kind"].lower(),
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            verbs=_VERBS,
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=parts,
            custom=True,
        )
        cluster.catalog.custom[spec["group"], version["name"], names["plural"]] = resource
        cluster.custom_columns[resource.key] = version.get("additionalPrinterColumns") or [_AGE]
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        cluster.custom_schemas[spec["group"], version["name"], names["kind"]] = schema


def _withdraw(cluster: Cluster, definition: dict[str, Any]) -> None:
    spec = definition["spec"]
    for version in spec["versions"]:
        cluster.catalog.custom.pop((spec["group"], version["name"], spec["names"]["plural"]), None)
