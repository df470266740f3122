"""A Helm release: its chart, where it stands, its history, and what its chart tells people (notes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.resources.describe.sheet import Sheet
from backend.resources.duration import age


def describe(sheet: Sheet, release: Mapping[str, Any], now: float) -> None:
    """``release`` is already masked."""
    chart, status = release["spec"]["chart"], release["status"]
    sheet.field("Chart", f"{chart['name']}-{chart['version']}" if chart["name"] else "")
    sheet.field("App version", chart["appVersion"])
    sheet.field("About", chart["description"])
    sheet.field("Revision", status["revision"])
    sheet.field("Status", status["status"])
    running = status["deployedRevision"]
    if running and running != status["revision"]:
        sheet.field("Runs", f"revision {running}")
    sheet.field("Description", status["description"])
    sheet.field("First deployed", _when(status["firstDeployed"], now))
    sheet.field("Last deployed", _when(status["lastDeployed"], now))
    sheet.field("Stored in", status["storedIn"])
    describe_history(sheet, release, now)
    if status["notes"]:
        sheet.section("Notes")
        sheet.text(status["notes"].strip())


def describe_history(sheet: Sheet, release: Mapping[str, Any], now: float) -> None:
    """Every revision that Helm still keeps, the newest first."""
    sheet.section("History")
    sheet.table(
        ("REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"),
        [
            (
                entry["revision"],
                age(entry.get("updated"), now),
                entry["status"],
                entry.get("chart", ""),
                entry.get("appVersion", ""),
                entry["description"],
            )
            for entry in release["status"]["history"]
        ],
    )


def _when(timestamp: str, now: float) -> str:
    return f"{timestamp} ({age(timestamp, now)} ago)" if timestamp else ""
