"""Label and field selectors, with the server's grammar and its refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from backend.demo.status import bad_request
from backend.demo.store import Stored

Match = Callable[[Stored], bool]

_FIELDS: dict[str, dict[str, str]] = {
    # The server's selectable fields per resource: name in the selector -> default when absent.
    "pods": dict.fromkeys(
        (
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ),
        "",
    ),
    "events": dict.fromkeys(
        (
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ),
        "",
    ),
    "nodes": {"spec.unschedulable": "false"},
    "namespaces": {"status.phase": ""},
    "secrets": {"type": ""},
    "services": {"spec.clusterIP": "", "spec.type": ""},
    "replicationcontrollers": {"status.replicas": "0"},
    "apps/replicasets": {"status.replicas": "0"},
    "batch/jobs": {"status.successful": "0"},
}

_REQUIREMENT = re.compile(
    r"^\s*(?:(?P<absent>!)\s*(?P<akey>[^\s!=,()]+)"
    r"|(?P<key>[^\s!=<>,()]+)\s*(?:(?P<op>==|!=|=)\s*(?P<value>[^\s,()=!]*)"
    r"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*$"
)


def label_match(text: str) -> Match | None:
    """Compile ``app=api,tier in (a,b),!canary``; None for an empty selector; raises ApiError 400."""
    tests = [_label_requirement(part) for part in _split(text)] if text.strip() else []
    if not tests:
        return None
    return lambda stored: all(test(stored.labels) for test in tests)


def matches_selector(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Whether a ``LabelSelector`` object keeps these labels; an empty one keeps all, None keeps nothing."""
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions") or ():
        present, values = rule["key"] in labels, rule.get("values") or ()
        held = labels.get(rule["key"]) in values
        verdict = {
            "In": held,
            "NotIn": not held,
            "Exists": present,
            "DoesNotExist": not present,
        }[rule["operator"]]
        if not verdict:
            return False
    return True


def field_match(text: str, resource: str) -> Match | None:
    """Compile ``spec.nodeName=a,status.phase!=Running``; raises ApiError 400 for a field it can't select."""
    if not text.strip():
        return None
    allowed = _FIELDS.get(resource, {})
    tests: list[tuple[str, bool, str]] = []
    for part in (piece for piece in text.split(",") if piece):
        found = re.match(r"^(.*?)(==|!=|=)(.*)$", part)
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        name, operator, value = found.groups()
        if name not in allowed and name not in ("metadata.name", "metadata.namespace"):
            known = '"metadata.name", "metadata.namespace"'
            plain = f'"{name}" is not a known field selector: only {known}'
            raise bad_request(f"field label not supported: {name}" if allowed else plain)
        tests.append((name, operator != "!=", value))

    def matches(stored: Stored) -> bool:
        obj: dict[str, Any] | None = None
        for name, wanted, value in tests:
            if name == "metadata.name":
                actual = stored.name
            elif name == "metadata.namespace":
                actual = stored.namespace
            else:
                obj = stored.object() if obj is None else obj
                actual = _field(obj, name, allowed[name])
            if (actual == value) is not wanted:
                return False
        return True

    return matches


def both(first: Match | None, second: Match | None) -> Match | None:
    if first is None or second is None:
        return first or second
    return lambda stored: first(stored) and second(stored)


def _field(obj: dict[str, Any], path: str, default: str) -> str:
    if path == "source":
        path = "source.component"
    if path == "status.successful":
        path = "status.succeeded"
    value: Any = obj
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return default
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _label_requirement(text: str) -> Callable[[dict[str, str]], bool]:
    found = _REQUIREMENT.match(text)
    if found is None:
        words = text.split()
        if len(words) > 1:
            raise bad_request(
                f"unable to parse requirement: found '{words[1]}', expected: in, notin, =, ==, !=, gt, lt"
            )
        raise bad_request(
            f"unable to parse requirement: found '{text.strip()}', "
            'expected: !, identifier, or "end of string"'
        )
    if found["absent"]:
        gone = found["akey"]
        return lambda labels: gone not in labels
    key, operator = found["key"], found["op"]
    if operator in ("=", "=="):
        return lambda labels: labels.get(key) == found["value"]
    if operator == "!=":
        return lambda labels: labels.get(key) != found["value"]
    if found["set"]:
        values = {value.strip() for value in found["values"].split(",")}
        if found["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    return lambda labels: key in labels
