"""Roles and bindings: who may do what to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.resources.describe.sheet import Sheet
from backend.resources.labels import selector_text

Object = Mapping[str, Any]


def describe_role(sheet: Sheet, role: Object, now: float) -> None:
    collected = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    sheet.field("Collects roles with", [selector_text(selector) for selector in collected])
    rules = role.get("rules") or ()
    sheet.section("May")
    if not rules:
        sheet.text("nothing")
        return
    sheet.table(("VERBS", "ON", "ONLY NAMED"), [_rule(rule) for rule in rules])


def _rule(rule: Object) -> tuple[str, str, str]:
    verbs = _list(rule.get("verbs"))
    if urls := rule.get("nonResourceURLs"):
        return (verbs, _list(urls), "")
    groups = rule.get("apiGroups") or ("",)
    resources = [
        f"{resource}.{group}" if group else str(resource)
        for group in groups
        for resource in rule.get("resources") or ()
    ]
    return (verbs, _list(resources), _list(rule.get("resourceNames")))


def _list(words: Sequence[object] | None) -> str:
    return ", ".join(map(str, words or ()))


def describe_binding(sheet: Sheet, binding: Object, now: float) -> None:
    role = binding.get("roleRef") or {}
    sheet.field("Role", f"{role.get('kind')}/{role.get('name')}")
    sheet.field("Where", "this namespace" if binding.get("kind") == "RoleBinding" else "the whole cluster")
    sheet.section("Who")
    subjects = binding.get("subjects") or ()
    if not subjects:
        sheet.text("nobody")
    sheet.table(
        ("KIND", "NAMESPACE", "NAME"),
        [(who.get("kind"), who.get("namespace", ""), who.get("name")) for who in subjects],
    )
