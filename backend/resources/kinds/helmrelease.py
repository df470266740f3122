"""Helm releases: no server serves them; they are made of Helm's stored revisions (``integrations.helm``)."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.duration import age, epoch
from backend.resources.kind import (
    OK,
    Column,
    Health,
    Kind,
    Verdict,
    api_resource,
    name_column,
    number_column,
    text_column,
)


class HelmRelease(msgspec.Struct, frozen=True, gc=False):
    """The latest revision of a release."""

    metadata: ObjectMeta
    """The release's name; the creation time is the revision's."""
    revision: int
    status: str
    """Helm's word, as the revision's label says it."""
    deployed: int = 0
    """The revision that runs; 0: none."""
    chart: str = ""
    app_version: str = ""
    updated: str = ""
    description: str = ""
    trouble: str = ""
    """Why the revision's payload can't be read; empty: it can, or was not read yet."""


def _assess(release: HelmRelease) -> Verdict:  # noqa: PLR0911 - Helm's statuses
    runs = f"; revision {release.deployed} runs" if release.deployed else ""
    if release.trouble:
        return Verdict(Health.UNKNOWN, f"revision {release.revision} can't be read: {release.trouble}")
    match release.status:
        case "deployed":
            return OK
        case "failed":
            return Verdict(Health.FAILING, (release.description or "the last revision failed") + runs)
        case "pending-install" | "pending-upgrade" | "pending-rollback" | "uninstalling":
            why = f"{release.status}: a helm command is at work, or was interrupted"
            return Verdict(Health.PROGRESSING, why + runs)
        case "uninstalled":
            return Verdict(Health.DONE, "uninstalled; its history was kept")
        case "superseded":
            return Verdict(Health.WARNING, "no revision is deployed")
        case _:
            return Verdict(Health.UNKNOWN, "Helm says neither deployed nor failed")


def _updated(release: Any) -> str:
    return release.updated or release.metadata.creation_timestamp or ""


KIND = Kind(
    resource=api_resource("helm.sh/v1", "HelmRelease", "helmreleases", "helm"),
    composed=True,
    sensitive=True,
    assess=_assess,
    columns=(
        name_column(),
        number_column("REVISION", lambda release: release.revision, priority=2),
        text_column("STATUS", "status", priority=0),
        text_column("CHART", "chart", min_width=12),
        text_column("APP VERSION", "app_version", priority=2),
        Column(
            "UPDATED",
            lambda release, now: age(_updated(release), now),
            lambda release: -epoch(_updated(release)),
            align="right",
            priority=2,
            timed=True,
        ),
        text_column("DESCRIPTION", "description", wide=True, priority=4),
    ),
)
