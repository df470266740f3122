"""Network policies, in words: what may reach the selected pods, and what they may reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet
from backend.resources.labels import selector_text

Object = Mapping[str, Any]


def describe(sheet: Sheet, policy: Object, now: float) -> None:
    """What no rule allows is denied for the selected pods, in each direction the policy is about."""
    spec = policy.get("spec") or {}
    types = spec.get("policyTypes") or ("Ingress",)
    sheet.field("For pods with", selector_text(spec.get("podSelector")) or "any labels: all of the namespace")
    for type_, field, side in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
        if type_ not in types:
            sheet.field(type_, "not limited by this policy")
            continue
        rules = spec.get(field) or ()
        sheet.field(type_, [_rule(rule, side) for rule in rules] or "nothing is allowed")


def _rule(rule: Object, side: str) -> str:
    peers = " or ".join(_peer(peer) for peer in rule.get(side) or ()) or "anywhere"
    ports = ", ".join(_port(port) for port in rule.get("ports") or ())
    return f"{side} {peers}" + (f" on {ports}" if ports else "")


def _peer(peer: Object) -> str:
    if block := peer.get("ipBlock"):
        but = ", ".join(block.get("except") or ())
        return f"{block.get('cidr')}" + (f" but {but}" if but else "")
    words = ["pods"]
    if peer.get("podSelector") is not None:
        words.append(f"with {selector_text(peer['podSelector']) or 'any labels'}")
    if peer.get("namespaceSelector") is not None:
        words.append(f"in namespaces with {selector_text(peer['namespaceSelector']) or 'any labels'}")
    else:
        words.append("of this namespace")
    return " ".join(words)


def _port(port: Object) -> str:
    first, last, protocol = port.get("port", "any port"), port.get("endPort"), port.get("protocol", "TCP")
    return f"{first}-{last}/{protocol}" if last else f"{first}/{protocol}"
