"""A Helm release's tabs: its history, the values it was given, all values, its manifest, its notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from backend.kube.objects import ApiResource
from backend.text import SafeStr, safe_text

TABS = ("describe", "history", "values", "computed", "manifest", "notes", "yaml")
_LIMIT = 8 << 20
"""Characters of a manifest or of notes."""


def is_release(resource: ApiResource) -> bool:
    return resource.group == "helm.sh" and resource.kind == "HelmRelease"


def release_tab(tab: str, release: Mapping[str, Any], *, reveal: Collection[str], now: float) -> SafeStr:
    """One tab of a whole release. Values are masked unless revealed; Secrets in the manifest always."""
    from backend.resources.document import to_yaml
    from backend.resources.masking import masked

    shown = masked(release, reveal=reveal)
    spec, status = shown["spec"], shown["status"]
    match tab:
        case "history":
            return _history(shown, now)
        case "values":
            return to_yaml(spec["values"]) if spec["values"] else safe_text("No values were given.")
        case "computed":
            return (
                to_yaml(spec["computedValues"]) if spec["computedValues"] else safe_text("It has no values.")
            )
        case "manifest":
            return _manifest(status)
        case _:
            return safe_text(status["notes"] or "Its chart says nothing.", multiline=True, limit=_LIMIT)


def _history(release: Mapping[str, Any], now: float) -> SafeStr:
    from backend.resources.describe.helm_release import describe_history
    from backend.resources.describe.sheet import Sheet

    sheet = Sheet()
    describe_history(sheet, release, now)
    return sheet.render()


def _manifest(status: Mapping[str, Any]) -> SafeStr:
    """What Helm applied, and its hooks behind it."""
    parts = [status["manifest"]]
    for hook in status["hooks"]:
        events = ", ".join(map(str, hook["events"]))
        parts.append(f"---\n# Hook: {hook['path']} ({events})\n{hook['manifest']}")
    return safe_text("".join(parts) or "It holds no objects.", multiline=True, limit=_LIMIT)
