"""Prometheus metrics: under the names of OpenEBS' maya exporter, so that its dashboards work, and under ours.

Text exposition format 0.0.4. `openebs_*` per volume carry `volName` and `castype`, as there;
`navarch_*` have base units in their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from blockengine.control.model import Pool, Volume
from blockengine.protocol.admin import Flow

CASTYPE = "navarch"
_MAYA_STATUS = {
    "suspended": 1, "failed": 1, "restoring": 1, "degraded": 2, "rebuilding": 2, "healthy": 3, "starting": 4,
}  # fmt: skip
_MAYA_POOL = {"healthy": 1, "full": 1, "read-only": 2, "failing": 3, "vanished": 4, "foreign": 5}
_MAYA_REPLICA = {"in-sync": 1, "out-of-sync": 2, "blank": 2, "joining": 3}
_GIB = 1 << 30


class Sample(NamedTuple):
    """One value with its labels."""

    labels: dict[str, str]
    value: float


def exposition(pools: Sequence[Pool], volumes: Sequence[Volume]) -> str:
    """All metrics as text."""
    lines: list[str] = []
    for name, kind, words, samples in (*_of_volumes(volumes), *_of_replicas(volumes), *_of_pools(pools)):
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{_labels(sample.labels)} {_number(sample.value)}" for sample in samples]
    return "\n".join(lines) + "\n"


Family = tuple[str, str, str, list[Sample]]


def _of_volumes(volumes: Sequence[Volume]) -> Iterable[Family]:
    maya = {volume.id: {"volName": volume.name, "castype": CASTYPE} for volume in volumes}
    ours = {volume.id: {"volume": volume.name, "id": volume.id} for volume in volumes}

    def family(name: str, kind: str, words: str, value: object) -> Family:
        assert callable(value)
        labels = maya if name.startswith("openebs_") else ours
        return name, kind, words, [Sample(labels[volume.id], value(volume)) for volume in volumes]

    gauge, counter = "gauge", "counter"
    yield family("openebs_size_of_volume", gauge, "Size in GiB.", lambda v: v.size / _GIB)
    yield family(
        "openebs_actual_used", gauge, "What the largest replica takes, in GiB.", lambda v: _used(v) / _GIB
    )
    yield family("openebs_logical_size", gauge, "The same, as maya names it.", lambda v: _used(v) / _GIB)
    yield family("openebs_sector_size", gauge, "Logical block size in bytes.", lambda v: v.block_size)
    yield family("openebs_reads", counter, "Reads.", lambda v: _reads(v).count)
    yield family(
        "openebs_read_time", counter, "Time of reads in nanoseconds.", lambda v: _reads(v).seconds * 1e9
    )
    yield family("openebs_read_block_count", counter, "Blocks read.", lambda v: _blocks(v, _reads(v)))
    yield family("openebs_total_read_bytes", counter, "Bytes read.", lambda v: _reads(v).bytes)
    yield family("openebs_writes", counter, "Writes.", lambda v: _writes(v).count)
    yield family(
        "openebs_write_time", counter, "Time of writes in nanoseconds.", lambda v: _writes(v).seconds * 1e9
    )
    yield family("openebs_write_block_count", counter, "Blocks written.", lambda v: _blocks(v, _writes(v)))
    yield family("openebs_total_write_bytes", counter, "Bytes written.", lambda v: _writes(v).bytes)
    yield family(
        "openebs_volume_status",
        gauge,
        "1 offline, 2 degraded, 3 healthy, 4 unknown.",
        lambda v: _MAYA_STATUS[v.health],
    )
    yield family(
        "openebs_volume_uptime",
        counter,
        "Seconds since its controller started.",
        lambda v: v.traffic.uptime if v.traffic else 0,
    )
    yield family("openebs_total_replica_count", gauge, "Replicas.", lambda v: v.wanted)
    yield family("openebs_healthy_replica_count", gauge, "Replicas in sync.", lambda v: v.in_sync)
    yield family(
        "openebs_degraded_replica_count", gauge, "Replicas not in sync.", lambda v: v.wanted - v.in_sync
    )
    yield family("navarch_volume_size_bytes", gauge, "Size.", lambda v: v.size)
    yield family("navarch_volume_replicas", gauge, "Replicas that its record names.", lambda v: v.wanted)
    yield family("navarch_volume_replicas_in_sync", gauge, "Replicas in sync.", lambda v: v.in_sync)
    yield family(
        "navarch_volume_attached", gauge, "Whether it is a device here.", lambda v: v.attachment is not None
    )
    yield family("navarch_volume_clients", gauge, "Connected NBD clients.", lambda v: v.clients)
    yield family(
        "navarch_volume_controller_restarts_total", counter, "How often its controller was started again.",
        lambda v: v.controller.restarts,
    )  # fmt: skip
    yield family(
        "navarch_volume_mended_blocks_total", counter,
        "Blocks that had rotted on a replica and were put right.",
        lambda v: v.mended,
    )  # fmt: skip
    yield family(
        "navarch_volume_rebuild_remaining_bytes", gauge, "What is left to copy.",
        lambda v: sum(max(work.total - work.done, 0) for work in v.work),
    )  # fmt: skip
    yield (
        "navarch_volume_health",
        gauge,
        "1 for the state that it is in.",
        [Sample({**ours[volume.id], "health": volume.health}, 1) for volume in volumes],
    )
    for what, words in (
        ("requests", "Requests."),
        ("bytes", "Their bytes."),
        ("seconds", "Their time, sampled."),
    ):
        yield (
            f"navarch_volume_{what}_total",
            counter,
            words,
            [
                Sample(
                    {**ours[volume.id], "kind": kind}, getattr(flow, "count" if what == "requests" else what)
                )
                for volume in volumes
                for kind, flow in _flows(volume)
            ],
        )


def _of_replicas(volumes: Sequence[Volume]) -> Iterable[Family]:
    pairs = [
        (volume, replica) for volume in volumes for replica in volume.replicas if replica.kind == "replica"
    ]
    labels = [
        {"volume": volume.name, "replica": replica.id, "pool": replica.pool} for volume, replica in pairs
    ]
    roles = [_MAYA_REPLICA.get(replica.role, 0) for _, replica in pairs]
    used = [replica.used for _, replica in pairs]
    restarts = [replica.process.restarts for _, replica in pairs]
    for name, kind, words, values in (
        ("openebs_replica_status", "gauge", "0 offline, 1 healthy, 2 degraded, 3 rebuilding.", roles),
        ("openebs_volume_replica_used_size", "gauge", "Bytes that it takes.", used),
        ("navarch_replica_used_bytes", "gauge", "Bytes that it takes.", used),
        ("navarch_replica_restarts_total", "counter", "How often its process was started again.", restarts),
    ):
        yield name, kind, words, [Sample(one, value) for one, value in zip(labels, values, strict=True)]


def _of_pools(pools: Sequence[Pool]) -> Iterable[Family]:
    def family(name: str, words: str, value: object) -> Family:
        assert callable(value)
        return name, "gauge", words, [Sample({"pool": pool.name}, value(pool)) for pool in pools]

    yield family("openebs_pool_size", "Its file system's size in bytes.", lambda p: p.total)
    yield family(
        "openebs_pool_status",
        "0 offline, 1 online, 2 degraded, 3 faulted, 4 removed, 5 unavailable.",
        lambda p: _MAYA_POOL[p.state],
    )
    yield family("openebs_used_pool_capacity", "Bytes in use on its file system.", lambda p: p.total - p.free)
    yield family("openebs_free_pool_capacity", "Bytes free on its file system.", lambda p: p.free)
    yield family(
        "openebs_used_pool_capacity_percent",
        "The same in percent.",
        lambda p: 100 * (p.total - p.free) / p.total if p.total else 0,
    )
    yield family("navarch_pool_replica_bytes", "What its replicas take.", lambda p: p.used)
    yield family("navarch_pool_committed_bytes", "What its replicas may grow to.", lambda p: p.committed)
    yield family("navarch_pool_healthy", "Whether it is healthy.", lambda p: p.state == "healthy")


def _flows(volume: Volume) -> list[tuple[str, Flow]]:
    traffic = volume.traffic
    if traffic is None:
        return []
    return [
        ("read", traffic.reads),
        ("write", traffic.writes),
        ("discard", traffic.discards),
        ("flush", traffic.flushes),
    ]


def _reads(volume: Volume) -> Flow:
    return volume.traffic.reads if volume.traffic is not None else Flow()


def _writes(volume: Volume) -> Flow:
    return volume.traffic.writes if volume.traffic is not None else Flow()


def _blocks(volume: Volume, flow: Flow) -> int:
    return flow.bytes // volume.block_size if volume.block_size else 0


def _used(volume: Volume) -> int:
    return max((replica.used for replica in volume.replicas), default=0)


def _labels(labels: dict[str, str]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
