"""Pools and volumes as the control API shows them."""

from __future__ import annotations

from blockengine.control.model import Pool, Process, Replica, Traffic, Volume
from blockengine.protocol.admin import Flow

GIB = 1 << 30
RUNNING = Process("running", 1)


def pool(name: str, *, device: str = "", **more: object) -> Pool:
    fields = {"state": "healthy", "total": 100 * GIB, "free": 90 * GIB, "device": device or name} | more
    return Pool(f"id-{name}", name, f"/pools/{name}", **fields)  # type: ignore[arg-type]


def replica(name: str, *, pool: str = "a", role: str = "in-sync", **more: object) -> Replica:
    fields = {"process": RUNNING, "kind": "replica"} | more
    return Replica(name, fields.pop("kind"), pool, f"/pools/{pool}/{name}", role, **fields)  # type: ignore[arg-type]


def volume(*replicas: Replica, **more: object) -> Volume:
    made = list(replicas) or [replica("r1"), replica("r2", pool="b"), replica("r3", pool="c")]
    data = [one for one in made if one.kind == "replica"]
    fields = {
        "health": "healthy",
        "state": "serving",
        "words": "took epoch 2",
        "controller": RUNNING,
        "block_size": 4096,
        "traffic": Traffic(12.5, Flow(3, 12288, 0.25), Flow(2, 8192, 0.5), Flow(), Flow(1, 0, 0.125)),
    } | more
    in_sync = sum(one.role == "in-sync" for one in data)
    return Volume(
        "0123",
        "demo",
        size=GIB,
        wanted=len(data),
        in_sync=in_sync,
        replicas=made,
        **fields,  # type: ignore[arg-type]
    )
