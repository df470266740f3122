"""Resource quotas."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
)
from backend.resources.quantity import sort_key


class QuotaStatus(msgspec.Struct, frozen=True, gc=False):
    hard: dict[str, str] | None = None
    used: dict[str, str] | None = None


class ResourceQuota(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    status: QuotaStatus = QuotaStatus()


def _uses(quota: ResourceQuota, *, limits: bool) -> str:
    hard, used = quota.status.hard or {}, quota.status.used or {}
    return ", ".join(
        f"{name}: {used.get(name, '0')}/{hard[name]}"
        for name in sorted(hard)
        if name.startswith("limits.") is limits
    )


def _assess(quota: ResourceQuota) -> Verdict:
    """A quota of nothing forbids on purpose; one that is used up refuses the next pod."""
    used = quota.status.used or {}
    full = [
        f"{name} {used.get(name, '0')} of {hard}"
        for name, hard in sorted((quota.status.hard or {}).items())
        if 0 < sort_key(hard) <= sort_key(used.get(name, "0"))
    ]
    return Verdict(Health.WARNING, f"used up: {', '.join(full)}") if full else OK


KIND = Kind(
    resource=api_resource("v1", "ResourceQuota", "resourcequotas", "quota"),
    wire=ResourceQuota,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("REQUEST", lambda quota: _uses(quota, limits=False), priority=0),
        computed_column("LIMIT", lambda quota: _uses(quota, limits=True)),
        age_column(),
    ),
)
