"""One volume with all that can be said of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.cli.engine.explaining import print_findings
from console.cli.tables import moment, print_table

if TYPE_CHECKING:
    from backend.storage.model import Event, Finding, Replica, Volume

_EVENTS = 15


def print_volume(volume: Volume, findings: Sequence[Finding], events: Sequence[Event]) -> None:
    """Facts, replicas, what is wrong, what happened: on stdout."""
    print_table(("VOLUME", ""), _facts(volume))
    print()
    titles = ("REPLICA", "KIND", "POOL", "ROLE", "USED", "PID", "RESTARTS", "TROUBLE")
    print_table(titles, [_row(replica) for replica in volume.replicas])
    if findings:
        print()
        print_findings(findings)
    if events:
        print()
        print_table(("TIME", "WHAT HAPPENED"), [(moment(one.time), one.text) for one in events[-_EVENTS:]])


def _facts(volume: Volume) -> list[tuple[str, object]]:
    from backend.storage import words

    attachment, controller = volume.attachment, volume.controller
    facts: list[tuple[str, object]] = [
        ("name", f"{volume.name} ({volume.id})"),
        ("health", f"{words.signed(volume.health)}: {volume.state}"),
        ("size", f"{words.size(volume.size)}, blocks of {volume.block_size}"),
        (
            "in sync",
            f"{words.replicas(volume)}, record {volume.position or '-'} of lineage {volume.lineage or '-'}",
        ),
        (
            "device",
            f"{words.device(volume)} by {attachment.by}" if attachment is not None else "not attached",
        ),
        *(
            (f"@{one.snapshot}", f"{words.place(one)} by {one.by}, read-only")
            for one in volume.attached_snapshots
        ),
        ("served at", volume.address),
        (
            "controller",
            f"{controller.state}, process {controller.pid}, restarted {controller.restarts} times",
        ),
        ("said last", volume.words or "-"),
        ("now", words.flow(volume.rates) or "idle"),
    ]
    traffic = volume.traffic
    if traffic is not None:
        told = [
            f"{name} {flow.count} ({words.size(flow.bytes)})"
            for name, flow in (
                ("reads", traffic.reads),
                ("writes", traffic.writes),
                ("discards", traffic.discards),
            )
        ]
        facts.append(
            (f"in {words.seconds(traffic.uptime)}", f"{', '.join(told)}, flushes {traffic.flushes.count}")
        )
    if volume.pace is not None:
        facts.append(("pace", words.pace(volume.pace)))
    facts += [("work", words.progress(work)) for work in volume.work]
    return facts


def _row(replica: Replica) -> tuple[object, ...]:
    from backend.storage.words import seconds, size

    process = replica.process
    pid = process.pid or process.state
    since = (
        f" (last {seconds(time.time() - process.started)} ago)" if process.restarts and process.pid else ""
    )
    trouble = replica.trouble or (process.words if process.state != "running" else "") or "-"
    return (
        replica.id,
        replica.kind,
        replica.pool or "-",
        replica.role,
        size(replica.used),
        pid,
        f"{process.restarts}{since}",
        trouble,
    )
