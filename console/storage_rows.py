"""Storage as a tree in rows: volumes with their replicas and snapshots, pools with theirs, or jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from backend.resources.kind import Health
from backend.storage import words
from backend.storage.model import Inventory, Job, Pool, Replica, Snapshot, Volume
from console.widgets.table_source import GridColumn, ListSource

_HEALTH = {
    "healthy": Health.OK,
    "in-sync": Health.OK,
    "witness": Health.OK,
    "rebuilding": Health.PROGRESSING,
    "restoring": Health.PROGRESSING,
    "joining": Health.PROGRESSING,
    "starting": Health.PROGRESSING,
    "degraded": Health.WARNING,
    "out-of-sync": Health.WARNING,
    "blank": Health.WARNING,
    "full": Health.WARNING,
    "snapshot": Health.OK,
    "running": Health.PROGRESSING,
    "paused": Health.WARNING,
    "done": Health.DONE,
    "cancelled": Health.DONE,
}
"""Whatever is not here is failing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageRow:
    """One line of the tree. ``weight`` has the numbers that the columns of its root are ordered by."""

    key: tuple[str, ...]
    about: Volume | Pool | Replica | Snapshot | Job
    volume: Volume | None = None
    """Whose it is; None for a pool or a job."""
    name: str
    state: str
    size: str = ""
    used: str = ""
    where: str = ""
    reads: str = ""
    writes: str = ""
    latency: str = ""
    now: str = ""
    place: int = 0
    root: tuple[str, ...] = ()
    """Key of the row that it stands under; its own for one that stands alone."""
    weight: dict[str, Any] = field(default_factory=dict)

    @property
    def health(self) -> Health:
        return _HEALTH.get(self.state, Health.FAILING)

    @property
    def text(self) -> str:
        """Everything that is shown of it."""
        cells = (self.name, self.state, self.size, self.where, self.reads, self.writes, self.now)
        return " ".join(cells)


def by_volume(found: Inventory) -> list[StorageRow]:
    """Volumes, and under each its replicas with their pools, and its snapshots."""
    return _placed([_of_volume(volume), *_inside(_under(volume))] for volume in found.volumes)


def _under(volume: Volume) -> list[StorageRow]:
    replicas = [_of_replica(volume, one) for one in volume.replicas]
    return [*replicas, *(_of_snapshot(volume, one) for one in volume.snapshot_list)]


def by_job(found: Inventory) -> list[StorageRow]:
    """Work under way, then what ended, the newest first."""
    newest = sorted(found.jobs, key=lambda job: (not job.ended, job.ended or job.started), reverse=True)
    return _placed([_of_job(job, at)] for at, job in enumerate(newest))


def by_pool(found: Inventory) -> list[StorageRow]:
    """Pools, and under each the replicas in it with their volumes."""
    held = [(volume, replica) for volume in found.volumes for replica in volume.replicas]
    return _placed(
        [
            _of_pool(pool),
            *_inside(
                [_of_replica(volume, one, volume_first=True) for volume, one in held if one.pool == pool.name]
            ),
        ]
        for pool in found.pools
    )


def _placed(trees: Iterable[list[StorageRow]]) -> list[StorageRow]:
    """Rows in the order of the tree; each knows its place, and what its root is ordered by."""
    rows: list[StorageRow] = []
    for tree in trees:
        root = tree[0]
        start = len(rows)
        rows += [
            replace(row, place=start + at, root=root.key, weight=root.weight) for at, row in enumerate(tree)
        ]
    return rows


def _inside(rows: list[StorageRow]) -> list[StorageRow]:
    last = len(rows) - 1
    return [replace(row, name=f"{'└' if at == last else '├'} {row.name}") for at, row in enumerate(rows)]


def _of_volume(volume: Volume) -> StorageRow:
    rates = volume.rates
    slowest = max(rates.read_latency, rates.write_latency)
    used = max((replica.used for replica in volume.replicas), default=0)
    work = "; ".join(words.progress(one) for one in volume.work)
    return StorageRow(
        key=("volume", volume.id),
        about=volume,
        volume=volume,
        name=volume.name,
        state=volume.health,
        size=words.size(volume.size),
        used=words.size(used),
        where=words.device(volume) if volume.attachment is not None else "",
        reads=_rate(rates.reads, rates.read_bytes),
        writes=_rate(rates.writes, rates.write_bytes),
        latency=words.latency(slowest),
        now=f"{words.replicas(volume)} in sync" + (f", {work}" if work else ""),
        weight={
            "NAME": volume.name,
            "STATE": _HEALTH.get(volume.health, Health.FAILING).value,
            "SIZE": volume.size,
            "USED": used,
            "WHERE": words.device(volume),
            "READS": rates.reads,
            "WRITES": rates.writes,
            "LATENCY": slowest,
            "NOW": volume.in_sync - volume.wanted,
        },
    )


def _of_replica(volume: Volume, replica: Replica, *, volume_first: bool = False) -> StorageRow:
    process = replica.process
    trouble = replica.trouble or (process.words if process.state != "running" else "")
    works = [words.progress(one) for one in volume.work if one.target == replica.id]
    running = f"process {process.pid}" if process.pid else process.state
    restarts = f", restarted {process.restarts}×" if process.restarts else ""
    return StorageRow(
        key=("replica", volume.id, replica.id),
        about=replica,
        volume=volume,
        name=f"{volume.name} {replica.id}" if volume_first else replica.id,
        state=replica.role,
        used=words.size(replica.used),
        where=volume.name if volume_first else f"pool {replica.pool}" if replica.pool else "",
        now="; ".join(works) or trouble or f"{running}{restarts}",
    )


def _of_snapshot(volume: Volume, snapshot: Snapshot) -> StorageRow:
    place = next((one for one in volume.attached_snapshots if one.snapshot == snapshot.name), None)
    taken = time.strftime("%Y-%m-%d %H:%M", time.localtime(snapshot.created))
    return StorageRow(
        key=("snapshot", volume.id, snapshot.id),
        about=snapshot,
        volume=volume,
        name=f"@{snapshot.name}",
        state="snapshot",
        size=words.size(snapshot.size),
        used=words.size(snapshot.held) if snapshot.held >= 0 else "",
        where=words.place(place) if place is not None else "",
        now=f"taken {taken}" + (f", open by {snapshot.attached}" if snapshot.attached else ""),
    )


def _of_job(job: Job, place: int) -> StorageRow:
    told = words.progress_of(job) if not job.ended else f"{words.moment(job.ended)}  {job.error or job.text}"
    return StorageRow(
        key=("job", job.id),
        about=job,
        name=f"{job.kind} {job.about}",
        state=job.state,
        size=words.size(job.total) if job.unit == "bytes" and job.total else "",
        used=f"{100 * job.done // job.total}%" if job.total else "",
        where=job.target,
        now=told,
        weight={
            # The newest first, whatever they are called, until a person orders them otherwise.
            "NAME": f"{place:06}",
            "STATE": _HEALTH.get(job.state, Health.FAILING).value,
            "SIZE": job.total,
            "USED": job.done,
            "WHERE": job.target,
            "NOW": job.started,
        },
    )


def _of_pool(pool: Pool) -> StorageRow:
    return StorageRow(
        key=("pool", pool.id),
        about=pool,
        name=pool.name,
        state=pool.state,
        size=words.size(pool.total),
        used=words.size(pool.used),
        where=pool.path,
        now=pool.reason or f"{words.size(pool.free)} free, {words.size(pool.committed)} promised",
        weight={
            "NAME": pool.name,
            "STATE": _HEALTH.get(pool.state, Health.FAILING).value,
            "SIZE": pool.total,
            "USED": pool.used,
            "WHERE": pool.path,
            "NOW": pool.free,
        },
    )


def _rate(count: float, octets: float) -> str:
    return f"{words.rate(count)}/s {words.size(octets)}" if count >= 0.05 else ""


def storage_source() -> ListSource:
    """The table's source: whatever it is ordered by, replicas stay under what they belong to."""
    columns = [
        GridColumn(name="NAME", text=lambda row, _: row.name, priority=0, min_width=14, pinned=True),
        GridColumn(name="STATE", text=lambda row, _: row.state, priority=0, min_width=9),
        GridColumn(name="SIZE", text=lambda row, _: row.size, align="right", priority=2),
        GridColumn(name="USED", text=lambda row, _: row.used, align="right", priority=3),
        GridColumn(name="WHERE", text=lambda row, _: row.where, priority=1, min_width=8, middle=True),
        GridColumn(name="READS", text=lambda row, _: row.reads, align="right", priority=2, optional=True),
        GridColumn(name="WRITES", text=lambda row, _: row.writes, align="right", priority=2, optional=True),
        GridColumn(name="LATENCY", text=lambda row, _: row.latency, align="right", priority=4, optional=True),
        GridColumn(name="NOW", text=lambda row, _: row.now, priority=0, min_width=12),
    ]

    def order(column: str) -> Callable[[StorageRow], tuple[Any, int]]:
        return lambda row: (
            row.weight.get(column, 0 if column not in ("NAME", "WHERE", "STATE") else ""),
            row.place,
        )

    return ListSource(
        columns,
        key=lambda row: row.key,
        health=lambda row: row.health,
        sort="NAME",
        sort_keys={column.name: order(column.name) for column in columns},
    )
