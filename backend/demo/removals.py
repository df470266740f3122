"""Deletes over HTTP: options, preconditions, whole collections."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.demo.answer import Answer
from backend.demo.bodies import decode_body
from backend.demo.calls import Call, truthy
from backend.demo.cluster import Cluster
from backend.demo.deleting import delete_one
from backend.demo.selectors import both, field_match, label_match
from backend.demo.status import conflict, invalid, no_method, not_found


def delete_named(cluster: Cluster, call: Call) -> Answer:
    """Delete one object under the preconditions of its DeleteOptions; raises ApiError 404, 409, 422."""
    resource = call.target.resource
    options = _options(call)
    live = cluster.store.get(resource.key, call.target.namespace, call.target.name)
    if live is None:
        raise not_found(resource.group, resource.plural, call.target.name)
    wanted = options.get("preconditions") or {}
    group = resource.group
    for name, actual in (("uid", live.uid), ("resourceVersion", str(live.rv))):
        if wanted.get(name) and wanted[name] != actual:
            word = "UID" if name == "uid" else "ResourceVersion"
            fate = "deleted and then recreated" if name == "uid" else "modified"
            text = (
                f"the {word} in the precondition ({wanted[name]}) does not match the {word} in record "
                f"({actual}). The object might have been {fate}"
            )
            raise conflict(group, resource.kind, live.name, cause=text)
    last, gone = delete_one(
        cluster,
        resource.key,
        live.key,
        grace=options.get("gracePeriodSeconds"),
        propagation=options.get("propagationPolicy") or "Background",
        dry_run=call.dry_run or "All" in (options.get("dryRun") or ()),
    )
    if not gone or resource.key == "pods":
        head = {"kind": resource.kind, "apiVersion": resource.api_version}
        return Answer(200, msgspec.json.encode({**head, **(last or {})}) + b"\n")
    details: dict[str, Any] = {
        "name": live.name,
        "group": group,
        "kind": resource.plural,
        "uid": live.uid,
    }
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
    return Answer(200, msgspec.json.encode(status) + b"\n")


def _options(call: Call) -> dict[str, Any]:
    options = decode_body(call)
    query = call.query
    if "gracePeriodSeconds" in query:
        options["gracePeriodSeconds"] = int(query["gracePeriodSeconds"])
    if "propagationPolicy" in query:
        options["propagationPolicy"] = query["propagationPolicy"]
    if truthy(query.get("orphanDependents")):
        options["propagationPolicy"] = "Orphan"
    policy = options.get("propagationPolicy")
    if policy not in (None, "", "Background", "Foreground", "Orphan"):
        known = '"Foreground", "Background", "Orphan", "nil"'
        text = f'Unsupported value: "{policy}": supported values: {known}'
        cause = ("FieldValueNotSupported", text, "propagationPolicy")
        raise invalid("meta.k8s.io", "DeleteOptions", "", [cause])
    return options


def delete_collection(cluster: Cluster, call: Call) -> Answer:
    """Delete what the selectors keep of one namespace's (or the cluster's) objects."""
    resource = call.target.resource
    if resource.namespaced and not call.target.namespace:
        raise no_method()
    options, query = _options(call), call.query
    matches = both(
        label_match(query.get("labelSelector", "")),
        field_match(query.get("fieldSelector", ""), resource.key),
    )
    items = []
    for stored in list(cluster.store.collection(resource.key).ordered()):
        if call.target.namespace and stored.namespace != call.target.namespace:
            continue
        if matches is None or matches(stored):
            last, _ = delete_one(
                cluster,
                resource.key,
                stored.key,
                grace=options.get("gracePeriodSeconds"),
                propagation=options.get("propagationPolicy") or "Background",
                dry_run=call.dry_run,
            )
            items.append(last or {})
    document = {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(cluster.store.rv)},
        "items": items,
    }
    return Answer(200, msgspec.json.encode(document) + b"\n")
