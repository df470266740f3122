"""Creates, updates, patches and deletes: k8s.io/apiserver's generic registry in miniature.

Every write is worked out on plain values first and stored last, so that a refusal or a dry run leaves
nothing behind.
"""

from __future__ import annotations

import copy
import time
from typing import Any

import msgspec

from backend.demo import ownership, quotas
from backend.demo.ages import rfc3339
from backend.demo.answer import Answer
from backend.demo.bodies import decode_body, decode_json, decode_yaml
from backend.demo.calls import Call, negotiate, truthy
from backend.demo.cluster import Cluster
from backend.demo.defaults import fill_in
from backend.demo.deleting import finish_if_free
from backend.demo.patches import json_patch, merge_patch, strategic_merge
from backend.demo.removals import delete_collection, delete_named
from backend.demo.scaling import merged_scale, scale_of
from backend.demo.schema import Schema, drop_empty, drop_unknown, schema_of, unknown_fields, wrong_type
from backend.demo.status import (
    ApiError,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    modified,
    no_method,
    not_found,
    unsupported_media,
)
from backend.demo.store import Stored
from backend.demo.tables import table, whole
from backend.demo.validation import check

_JSON_PATCH, _MERGE = "application/json-patch+json", "application/merge-patch+json"
_STRATEGIC, _APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
_SERVER_OWNED = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_NO_GENERATION = (
    "configmaps", "secrets", "events", "namespaces", "nodes", "services", "serviceaccounts", "endpoints",
    "persistentvolumes", "persistentvolumeclaims", "coordination.k8s.io/leases",
    "storage.k8s.io/storageclasses",
)  # fmt: skip


def write(cluster: Cluster, call: Call) -> Answer:
    """Carry out one write, or read a status or scale subresource; raises ApiError."""
    return _Write(cluster, call).answer()


class _Write:
    """One request to change one object."""

    def __init__(self, cluster: Cluster, call: Call) -> None:
        self.cluster, self.call = cluster, call
        self.target, self.resource = call.target, call.target.resource
        self.schema: Schema = schema_of(cluster, self.resource)
        self.warnings: list[str] = []

    def answer(self) -> Answer:
        match self.call.method:
            case "GET":
                stored = self._live()
                return self._reply(200, stored)
            case "POST":
                return self._create()
            case "PUT":
                return self._put()
            case "PATCH":
                return self._patch()
            case "DELETE" if self.target.name:
                return delete_named(self.cluster, self.call)
            case "DELETE":
                return delete_collection(self.cluster, self.call)
        raise no_method()

    # -- creating ------------------------------------------------------------------------------------

    def _create(self) -> Answer:
        if self.target.name:
            raise no_method()
        obj = self._object(decode_body(self.call))
        return self._reply(201, self._store_new(obj))

    def _store_new(self, obj: dict[str, Any], *, owned: bool = False) -> Stored:
        meta = obj["metadata"]
        for name in (*_SERVER_OWNED, "resourceVersion", "selfLink"):
            meta.pop(name, None)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = f"{meta['generateName'][:58]}{self.cluster.new_suffix()}"
        self._check_namespace(meta.get("name", ""))
        meta["uid"] = self.cluster.new_uid()
        meta["creationTimestamp"] = rfc3339(time.time())
        if self.resource.key not in _NO_GENERATION:
            meta["generation"] = 1
        if "status" in self.resource.subresources:
            obj.pop("status", None)
        if meta.get("name"):
            fill_in(self.cluster, self.resource.key, obj, created=False)
        check(self.resource, obj, None)
        if self.cluster.store.get(self.resource.key, meta.get("namespace", ""), meta["name"]) is not None:
            raise already_exists(self.resource.group, self.resource.plural, meta["name"])
        quotas.admit(self.cluster, self.resource, obj)
        if not owned:
            meta.pop("managedFields", None)
            self._own(None, obj)
        fill_in(self.cluster, self.resource.key, obj, created=True)
        return self._save(obj)

    def _check_namespace(self, name: str) -> None:
        namespace = self.target.namespace
        if not self.resource.namespaced:
            return
        stored = self.cluster.store.get("namespaces", "", namespace)
        if stored is None:
            raise not_found("", "namespaces", namespace)
        if stored.terminating:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            error = forbidden(self.resource.group, self.resource.plural, name, why)
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            error.details = {**(error.details or {}), "causes": [cause]}
            raise error

    # -- changing ------------------------------------------------------------------------------------

    def _put(self) -> Answer:
        body = decode_body(self.call)
        if self.target.subresource == "scale":
            return self._scale(body)
        live = self._live()
        return self._reply(200, self._replace(live, self._object(body)))

    def _patch(self) -> Answer:
        media = self.call.content_type.split(";")[0].strip()
        if media == _APPLY:
            return self._apply()
        body = decode_json(self.call.body)
        if self.target.subresource == "scale":
            stored = self._live()
            return self._scale(self._patched(media, scale_of(self.resource, stored), body, Schema({}, {})))
        live = self._live()
        old = {"apiVersion": self.resource.api_version, "kind": self.resource.kind, **live.object()}
        patched = self._object(self._patched(media, old, body, self.schema), partial=True)
        return self._reply(200, self._replace(live, patched))

    def _patched(self, media: str, old: dict[str, Any], body: Any, schema: Schema) -> dict[str, Any]:
        if media == _JSON_PATCH:
            return json_patch(old, body)
        if media == _MERGE:
            if not isinstance(body, dict):
                raise bad_request("a merge patch is an object")
            merged: dict[str, Any] = merge_patch(old, body)
            return merged
        if media == _STRATEGIC and not self.resource.custom:
            return strategic_merge(old, body, schema)
        if self.resource.custom and media == _STRATEGIC:
            raise unsupported_media([_JSON_PATCH, _MERGE, _APPLY])
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})

    def _apply(self) -> Answer:
        manager = self.call.query.get("fieldManager", "")
        if not manager:
            text = "Required value: is required for apply patch"
            raise invalid("meta.k8s.io", "PatchOptions", "", [("FieldValueRequired", text, "fieldManager")])
        applied = self._object(decode_yaml(self.call.body) or {})
        applied["metadata"].setdefault("name", self.target.name)
        if applied["metadata"].get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        live = self.cluster.store.get(self.resource.key, self.target.namespace, self.target.name)
        merged = ownership.apply(
            live.object() if live else None,
            applied,
            self.schema,
            name=manager,
            api_version=self.resource.api_version,
            subresource=self.target.subresource,
            force=truthy(self.call.query.get("force")),
        )
        if live is None:
            return self._reply(201, self._store_new(merged, owned=True))
        return self._reply(200, self._replace(live, merged, owned=True))

    def _replace(self, live: Stored, obj: dict[str, Any], *, owned: bool = False) -> Stored:
        """Put a new version in the place of the live one, if nothing forbids it."""
        old, meta = live.object(), obj["metadata"]
        self._check_identity(live, meta)
        for name in (*_SERVER_OWNED, "resourceVersion"):
            meta.pop(name, None)
            if name in old["metadata"]:
                meta[name] = old["metadata"][name]
        self._confine(old, obj)
        fill_in(self.cluster, self.resource.key, obj, created=False)
        check(self.resource, obj, old)
        if obj.get("spec") != old.get("spec") and "generation" in meta:
            meta["generation"] += 1
        if not owned:
            self._own(old, obj)
        if _same(old, obj):
            return live
        stored = self._save(obj)
        if not self.call.dry_run and finish_if_free(self.cluster, self.resource.key, stored):
            return stored
        return stored

    def _check_identity(self, live: Stored, meta: dict[str, Any]) -> None:
        group, plural = self.resource.group, self.resource.plural
        if meta.get("name") != live.name:
            raise bad_request(
                f"the name of the object ({meta.get('name')}) does not match "
                f"the name on the URL ({live.name})"
            )
        if meta.get("uid") not in (None, "", live.uid):
            cause = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {live.uid}"
            raise conflict(group, plural, live.name, cause=cause)
        if meta.get("resourceVersion") not in (None, "", "0", str(live.rv)):
            raise modified(group, plural, live.name)

    def _confine(self, old: dict[str, Any], obj: dict[str, Any]) -> None:
        """The main resource can't change the status; the status subresource changes nothing else."""
        if self.target.subresource == "status":
            status, owners = obj.get("status"), obj["metadata"].get("managedFields")
            obj.clear()
            obj.update(copy.deepcopy(old))
            if status is not None:
                obj["status"] = status
            if owners is not None:
                obj["metadata"]["managedFields"] = owners
        elif "status" in self.resource.subresources:
            obj.pop("status", None)
            if "status" in old:
                obj["status"] = old["status"]

    def _scale(self, body: dict[str, Any]) -> Answer:
        live = self._live()
        self._check_identity(live, {"name": live.name, **(body.get("metadata") or {})})
        obj = merged_scale(self.resource, live.object(), body)
        obj["metadata"].pop("resourceVersion", None)
        self.call.query.setdefault("fieldManager", "kubectl")
        return self._reply(200, self._replace(live, obj))

    # -- common --------------------------------------------------------------------------------------

    def _live(self) -> Stored:
        stored = self.cluster.store.get(self.resource.key, self.target.namespace, self.target.name)
        if stored is None:
            raise not_found(self.resource.group, self.resource.plural, self.target.name)
        return stored

    def _object(self, body: dict[str, Any], *, partial: bool = False) -> dict[str, Any]:
        """The object of a body: its kind checked, its unknown fields judged, without kind and apiVersion."""
        kind, version = body.pop("kind", ""), body.pop("apiVersion", "")
        if (kind and kind != self.resource.kind) or (version and version != self.resource.api_version):
            raise bad_request(self._misfit(kind or self.resource.kind, version or self.resource.api_version))
        if not kind and not self.resource.custom and not partial and self.call.method == "PATCH":
            raise bad_request("invalid object type: /, Kind=")
        if not isinstance(body.setdefault("metadata", {}), dict):
            raise bad_request("metadata must be an object")
        self._judge_fields(body)
        meta = body["metadata"]
        if self.resource.namespaced:
            if meta.get("namespace") not in (None, "", self.target.namespace):
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            meta["namespace"] = self.target.namespace
        else:
            meta.pop("namespace", None)
        return body

    def _misfit(self, kind: str, version: str) -> str:
        """Why an object of another kind or version can't be handled here."""
        _, _, short = version.rpartition("/")
        head = f'{kind} in version "{short}" cannot be handled as a {self.resource.kind}: '
        if self.cluster.catalog.by_kind(version, kind) is None:
            scheme = "pkg/runtime/scheme.go:111"
            return f'{head}no kind "{kind}" is registered for version "{version}" in scheme "{scheme}"'
        inner = f"{self.resource.group.partition('.')[0] or 'core'}.{self.resource.kind}"
        return f"{head}converting ({short}.{kind}) to ({inner}): unknown conversion"

    def _handled(self) -> str:
        kind = self.resource.kind
        return f'{kind} in version "{self.resource.version}" cannot be handled as a {kind}'

    def _judge_fields(self, body: dict[str, Any]) -> None:
        """fieldValidation: Strict refuses unknown fields, Warn (the default) warns, both drop them."""
        if bad := wrong_type(self.schema, body):
            raise bad_request(
                f"{self._handled()}: json: cannot unmarshal into Go struct field {self.resource.kind}.{bad}"
            )
        unknown = unknown_fields(self.schema, body)
        mode = self.call.query.get("fieldValidation") or "Warn"
        if unknown and mode == "Strict":
            if self.call.method == "PATCH" and "apply" in self.call.content_type:
                named = ", ".join(f".{path}: field not declared in schema" for path in unknown)
                place = f"{(body.get('metadata') or {}).get('namespace', '')}/{self.target.name}"
                typed = f"{place}; {self.resource.api_version}, Kind={self.resource.kind}"
                raise ApiError(500, "", f"failed to create typed patch object ({typed}): {named}")
            named = ", ".join(f'unknown field "{path}"' for path in unknown)
            raise bad_request(f"{self._handled()}: strict decoding error: {named}")
        if unknown and mode == "Warn":
            self.warnings.extend(f'unknown field \\"{path}\\"' for path in unknown)
        drop_unknown(self.schema, body)
        if not self.resource.custom:
            drop_empty(self.schema, body)

    def _own(self, old: dict[str, Any] | None, obj: dict[str, Any]) -> None:
        ownership.record_update(
            old,
            obj,
            self.schema,
            name=self.call.manager,
            api_version=self.resource.api_version,
            subresource=self.target.subresource,
            has_status="status" in self.resource.subresources,
        )

    def _save(self, obj: dict[str, Any]) -> Stored:
        if self.call.dry_run:
            rv = int(obj["metadata"].get("resourceVersion") or 0)
            stored = Stored(obj, rv)
            if not rv:
                del obj["metadata"]["resourceVersion"]
                stored.body = msgspec.json.encode(obj)
            return stored
        return self.cluster.store.put(self.resource.key, obj)

    def _reply(self, code: int, stored: Stored) -> Answer:
        shape = negotiate(self.call.accept)
        if self.target.subresource == "scale":
            body = msgspec.json.encode(scale_of(self.resource, stored))
        elif shape.as_ == "Table":
            body = table(
                self.resource,
                [stored],
                include=self.call.query.get("includeObject") or "Metadata",
                version=shape.version,
                metadata={"resourceVersion": str(stored.rv)},
                custom=self.cluster.printer_columns(self.resource),
            )
        else:
            body = whole(self.resource, stored)
        return Answer(code, body + b"\n", tuple(self.warnings))


def _same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether nothing but the times of managed fields differs: then nothing is written."""

    def essence(obj: dict[str, Any]) -> dict[str, Any]:
        plain = {**obj, "metadata": dict(obj["metadata"])}
        plain["metadata"].pop("resourceVersion", None)
        entries = [dict(entry) for entry in plain["metadata"].get("managedFields") or ()]
        for entry in entries:
            entry.pop("time", None)
        plain["metadata"]["managedFields"] = sorted(entries, key=str)
        return plain

    return essence(old) == essence(new)
