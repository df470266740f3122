"""Refusals of what can't be stored: names, required fields, immutable fields. With the server's words.

Only the checks that people meet are here; docs/demo.md says so.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from backend.demo.catalog import Resource
from backend.demo.selectors import matches_selector
from backend.demo.status import invalid

Cause = tuple[str, str, str]
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_PATH_NAMED = ("rbac.authorization.k8s.io",)
_WITH_TEMPLATE = ("apps/deployments", "apps/replicasets", "apps/statefulsets", "apps/daemonsets")


def check(resource: Resource, obj: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Raise ApiError 422 with every cause, as the server lists them."""
    causes = [*_metadata(resource, obj)]
    spec = obj.get("spec") if isinstance(obj.get("spec"), dict) else {}
    key = resource.key
    if key == "pods":
        causes += _containers(spec or {}, "spec")
    elif key in (*_WITH_TEMPLATE, "batch/jobs"):
        causes += _template(key, spec or {})
    elif key == "services" and (spec or {}).get("type") != "ExternalName":
        headless = (spec or {}).get("clusterIP") == "None"
        if not (spec or {}).get("ports") and not headless:
            causes.append(("FieldValueRequired", "Required value", "spec.ports"))
    if old is not None:
        causes += _immutable(key, obj, old)
    if causes:
        raise invalid(resource.group, resource.kind, obj["metadata"].get("name", ""), causes)


def _metadata(resource: Resource, obj: dict[str, Any]) -> list[Cause]:
    meta, causes = obj["metadata"], []
    name = meta.get("name") or ""
    if not name:
        message = "Required value: name or generateName is required"
        causes.append(("FieldValueRequired", message, "metadata.name"))
    elif resource.group not in _PATH_NAMED:
        strict = resource.key in ("namespaces", "services")
        rule, text, limit = (_LABEL, _LABEL_TEXT, 63) if strict else (_SUBDOMAIN, _SUBDOMAIN_TEXT, 253)
        if not rule.fullmatch(name):
            causes.append(("FieldValueInvalid", f'Invalid value: "{name}": {text}', "metadata.name"))
        elif len(name) > limit:
            message = f'Invalid value: "{name}": must be no more than {limit} characters'
            causes.append(("FieldValueInvalid", message, "metadata.name"))
    for value in (meta.get("labels") or {}).values():
        if not isinstance(value, str) or len(value) > 63 or not _LABEL_VALUE.fullmatch(value):
            causes.append(
                ("FieldValueInvalid", f'Invalid value: "{value}": {_VALUE_TEXT}', "metadata.labels")
            )
    return causes


def _containers(spec: dict[str, Any], path: str) -> list[Cause]:
    containers = spec.get("containers")
    if not containers:
        return [("FieldValueRequired", "Required value", f"{path}.containers")]
    causes: list[Cause] = []
    seen: set[str] = set()
    for number, container in enumerate(containers):
        where, name = f"{path}.containers[{number}]", container.get("name")
        if not name:
            causes.append(("FieldValueRequired", "Required value", f"{where}.name"))
        elif name in seen:
            causes.append(("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{where}.name"))
        elif not _LABEL.fullmatch(name):
            message = f'Invalid value: "{name}": {_LABEL_TEXT}'
            causes.append(("FieldValueInvalid", message, f"{where}.name"))
        seen.add(name or "")
        if not container.get("image"):
            causes.append(("FieldValueRequired", "Required value", f"{where}.image"))
    return causes


def _template(key: str, spec: dict[str, Any]) -> list[Cause]:
    causes: list[Cause] = []
    template = spec.get("template") or {}
    if key in _WITH_TEMPLATE:
        labels = (template.get("metadata") or {}).get("labels") or {}
        if not spec.get("selector"):
            causes.append(("FieldValueRequired", "Required value", "spec.selector"))
        if not matches_selector(spec.get("selector"), labels):
            shown = "{" + ",".join(f'"{k}":"{v}"' for k, v in sorted(labels.items())) + "}"
            message = f"Invalid value: {shown}: `selector` does not match template `labels`"
            causes.append(("FieldValueInvalid", message, "spec.template.metadata.labels"))
    if isinstance(spec.get("replicas"), int) and spec["replicas"] < 0:
        message = f"Invalid value: {spec['replicas']}: must be greater than or equal to 0"
        causes.append(("FieldValueInvalid", message, "spec.replicas"))
    return causes + _containers(template.get("spec") or {}, "spec.template.spec")


def _immutable(key: str, obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    causes: list[Cause] = []
    if key in _WITH_TEMPLATE and obj["spec"].get("selector") != old["spec"].get("selector"):
        shown = msgspec.json.encode(obj["spec"].get("selector")).decode()
        message = f"Invalid value: {shown}: field is immutable"
        causes.append(("FieldValueInvalid", message, "spec.selector"))
    if key in ("configmaps", "secrets") and old.get("immutable"):
        for part in ("data", "binaryData"):
            if obj.get(part) != old.get(part):
                causes.append(
                    ("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", part)
                )
    if key == "pods":
        for part in ("nodeName", "restartPolicy", "volumes"):
            if obj["spec"].get(part) != old["spec"].get(part):
                message = (
                    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
                    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
                    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
                    "set to 1 if it was previously negative)"
                )
                causes.append(("FieldValueForbidden", message, "spec"))
                break
    return causes
