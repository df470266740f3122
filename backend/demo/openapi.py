"""OpenAPI v2 and v3 as recorded from the real server, with the CRDs' schemas added."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import msgspec

from backend.demo.catalog import Resource, data_bytes, openapi_v3, openapi_v3_paths
from backend.demo.cluster import Cluster


@cache
def _v2() -> bytes:
    return data_bytes("openapi-v2.json.xz")


def document(cluster: Cluster, path: str) -> bytes | None:
    """The answer of ``/openapi/…``; None if the server has no such document."""
    if path == "/openapi/v2":
        return _v2()
    if path == "/openapi/v3":
        return msgspec.json.encode({"paths": _index(cluster)})
    name = path.removeprefix("/openapi/v3/")
    if name == path:
        return None
    return openapi_v3(name) or _custom(cluster, name)


def _index(cluster: Cluster) -> dict[str, Any]:
    index = {
        path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        for path, digest in openapi_v3_paths().items()
    }
    for resource in cluster.catalog.custom.values():
        path = f"apis/{resource.api_version}"
        body = _custom(cluster, path) or b""
        digest = hashlib.sha256(body).hexdigest()[:32].upper()
        index[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return index


def _custom(cluster: Cluster, path: str) -> bytes | None:
    served = [r for r in cluster.catalog.custom.values() if f"apis/{r.api_version}" == path]
    if not served:
        return None
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for resource in served:
        name = _schema_name(resource)
        identity = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        schema = cluster.custom_schemas.get((resource.group, resource.version, resource.kind), {})
        schemas[name] = {**schema, "x-kubernetes-group-version-kind": [identity]}
        scope = "namespaces/{namespace}/" if resource.namespaced else ""
        paths[f"/{path}/{scope}{resource.plural}"] = {
            "get": {"x-kubernetes-action": "list", "x-kubernetes-group-version-kind": identity},
            "patch": {"parameters": [{"name": "fieldValidation", "in": "query"}]},
        }
    return msgspec.json.encode({"openapi": "3.0.0", "paths": paths, "components": {"schemas": schemas}})


def _schema_name(resource: Resource) -> str:
    domain = ".".join(reversed(resource.group.split(".")))
    return f"{domain}.{resource.version}.{resource.kind}"
