"""Discovery: aggregated (v2 and v2beta1) and legacy documents, with the CRDs' groups added."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from backend.demo.catalog import Catalog, Resource, recorded

AGGREGATED = "APIGroupDiscoveryList"


def aggregated_version(accept: str) -> str:
    """``v2`` or ``v2beta1`` if the client wants an aggregated document first, else ''."""
    for part in accept.split(","):
        pieces = [piece.strip() for piece in part.split(";")]
        given = dict(piece.split("=", 1) for piece in pieces[1:] if "=" in piece)
        if given.get("as") == AGGREGATED and given.get("g") == "apidiscovery.k8s.io":
            if given.get("v") in ("v2", "v2beta1"):
                return str(given["v"])
        elif pieces[0] in ("application/json", "*/*"):
            return ""
    return ""


def aggregated(catalog: Catalog, *, core: bool, version: str) -> bytes:
    """The document of ``/api`` (core) or ``/apis``."""
    document = recorded("discovery.json.xz")["api" if core else "apis"]
    document = {**document, "apiVersion": f"apidiscovery.k8s.io/{version}"}
    if not core and catalog.custom:
        document["items"] = [*document["items"], *_custom_groups(catalog)]
    return msgspec.json.encode(document) + b"\n"


def _custom_groups(catalog: Catalog) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for resource in catalog.custom.values():
        groups.setdefault(resource.group, {}).setdefault(resource.version, []).append(_entry(resource))
    return [
        {
            "metadata": {"name": group},
            "versions": [
                {"version": version, "resources": resources, "freshness": "Current"}
                for version, resources in versions.items()
            ],
        }
        for group, versions in groups.items()
    ]


def _entry(resource: Resource) -> dict[str, Any]:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    entry: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {"subresource": sub.name, "responseKind": kind, "verbs": list(sub.verbs)}
            for sub in resource.subresources.values()
        ]
    return entry


def legacy(catalog: Catalog, path: str) -> bytes | None:
    """The unaggregated document of ``/api``, ``/api/v1``, ``/apis``, ``/apis/G`` or ``/apis/G/V``."""
    parts = path.strip("/").split("/")
    document: dict[str, Any] | None = None
    match parts:
        case ["api"]:
            document = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            document = {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(_groups(catalog).values())}
        case ["apis", group]:
            found = _groups(catalog).get(group)
            document = {"kind": "APIGroup", "apiVersion": "v1", **found} if found else None
        case ["api", version]:
            document = _resource_list(catalog, "", version)
        case ["apis", group, version]:
            document = _resource_list(catalog, group, version)
    return None if document is None else msgspec.json.encode(document) + b"\n"


def _groups(catalog: Catalog) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for resource in catalog.all():
        if not resource.group:
            continue
        entry = {"groupVersion": resource.api_version, "version": resource.version}
        group = groups.setdefault(resource.group, {"name": resource.group, "versions": []})
        if entry not in group["versions"]:
            group["versions"].append(entry)
        group.setdefault("preferredVersion", entry)
    return copy.deepcopy(groups)


def _resource_list(catalog: Catalog, group: str, version: str) -> dict[str, Any] | None:
    held = [r for r in catalog.all() if (r.group, r.version) == (group, version)]
    if not held:
        return None
    resources: list[dict[str, Any]] = []
    for resource in held:
        entry: dict[str, Any] = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(resource.verbs),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        resources.append(entry)
        for sub in resource.subresources.values():
            part = {
                "name": f"{resource.plural}/{sub.name}",
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": sub.kind,
                "verbs": list(sub.verbs),
            }
            if (sub.group, sub.version) != (group, version):
                part["group"], part["version"] = sub.group, sub.version
            resources.append(part)
    return {
        "kind": "APIResourceList",
        **({"apiVersion": "v1"} if group else {}),
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }
