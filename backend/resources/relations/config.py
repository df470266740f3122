"""Config maps and secrets: the pods that would miss them say so; only that they are there is ever asked."""

from __future__ import annotations

from backend.resources.relations.pod_spec import USED_BY_PODS

KINDS = ("configmaps", "secrets")
LOOKS = USED_BY_PODS
METADATA_ONLY = True
