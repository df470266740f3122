"""Nodes: the pods on them name their node."""

from __future__ import annotations

from backend.resources.relations.relation import Look

KINDS = ("nodes",)
LOOKS = (Look(kind="pods", role="pods", fields="spec.nodeName={name}", everywhere=True),)
