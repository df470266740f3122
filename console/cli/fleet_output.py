"""Summaries of clusters on stdout: a table, names, or JSON and YAML with every number's unit in its name."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from backend.fleet.skew import spread
from backend.fleet.summary import ClusterSummary
from backend.fleet.summary_columns import COLUMNS, SummaryColumn
from backend.kube.status import State
from backend.resources.document import to_json, to_yaml
from console.cli.output import Format
from console.cli.tables import moment, print_table

_POLLED_NOW = frozenset({"SEEN"})
"""Columns that say nothing about a look that was just taken."""


def print_summaries(summaries: Sequence[ClusterSummary], *, wide: bool = False) -> None:
    """An aligned table; columns that nobody has anything in are left out."""
    now = time.time()
    columns = [column for column in COLUMNS if _shown(column, summaries, now=now, wide=wide)]
    titles = [column.name for column in columns] + ["NO METRICS"] * wide
    rows = [
        [*(column.text(summary, now) for column in columns), *([summary.no_metrics] * wide)]
        for summary in summaries
    ]
    print_table(titles, rows)


def _shown(column: SummaryColumn, summaries: Sequence[ClusterSummary], *, now: float, wide: bool) -> bool:
    if column.name in _POLLED_NOW or (column.wide and not wide):
        return False
    return not column.optional or any(column.text(summary, now) for summary in summaries)


def print_documents(summaries: Sequence[ClusterSummary], form: Format) -> None:
    now = time.time()
    document = {
        "coverage": {"live": live(summaries), "clusters": len(summaries)},
        "versions": spread(summary.version for summary in summaries),
        "clusters": [described(summary, now) for summary in summaries],
    }
    plain = json.loads(json.dumps(document))  # YAML takes no kind of str but str
    sys.stdout.write(to_json(plain) + "\n" if form is Format.JSON else to_yaml(plain))


def live(summaries: Sequence[ClusterSummary]) -> int:
    return sum(summary.status.state is State.LIVE for summary in summaries)


def described(summary: ClusterSummary, now: float) -> dict[str, Any]:
    """Everything that is known; what is not known is null. CPU in cores, memory in bytes, times RFC 3339."""
    status, used, room, expiry = summary.status, summary.used, summary.room, summary.expiry
    return {
        "name": summary.name,
        "id": summary.id,
        "state": status.state.value,
        "detail": status.detail,
        "health": summary.health(now).value,
        "concerns": summary.concerns(now),
        "version": summary.version or None,
        "minorsBehind": summary.behind,
        "kubelets": [{"version": version, "nodes": count} for version, count in summary.kubelets],
        "noNodes": summary.no_nodes or None,
        "nodes": _pair(total=summary.nodes, ready=summary.nodes_ready),
        "pods": _pair(total=summary.pods, failing=summary.pods_failing),
        "cpuCores": _pair(
            used=round(used.cpu, 3) if used is not None else None,
            allocatable=round(room.cpu, 3) if room is not None else None,
        ),
        "memoryBytes": _pair(
            used=round(used.memory) if used is not None else None,
            allocatable=round(room.memory) if room is not None else None,
        ),
        "noMetrics": summary.no_metrics or None,
        "counted": _when(summary.seen),
        "expires": {
            "clientCertificate": _when(expiry.client_certificate),
            "token": _when(expiry.token),
            "serverCertificate": _when(expiry.server_certificate),
        },
        "tags": list(summary.tags),
        "groups": list(summary.groups),
        "protected": summary.protected,
        "readOnly": summary.read_only,
    }


def _pair(**amounts: float | None) -> dict[str, float | None] | None:
    return None if all(amount is None for amount in amounts.values()) else dict(amounts)


def _when(seconds: float | None) -> str | None:
    return moment(seconds) if seconds is not None else None
