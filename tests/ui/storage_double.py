"""A storage engine for tests of the screen: says what it is told to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.storage.failures import NoEngine, Refused
from backend.storage.model import (
    Attachment,
    EngineInfo,
    Event,
    Finding,
    Inventory,
    Job,
    Pace,
    Pool,
    Process,
    Progress,
    Rates,
    Replica,
    Snapshot,
    Volume,
)

GIB = 1 << 30
NOW = 1_758_460_800.0


def pool(name: str, **more: object) -> Pool:
    fields = {
        "total": 100 * GIB,
        "free": 60 * GIB,
        "used": 3 * GIB,
        "committed": 20 * GIB,
        "replicas": 2,
    } | more
    return Pool(f"id-{name}", name, f"/disks/{name}", str(fields.pop("state", "healthy")), **fields)  # type: ignore[arg-type]


def replica(name: str, pool: str, role: str = "in-sync", **more: object) -> Replica:
    fields = {"process": Process("running", 4100), "used": GIB} | more
    return Replica(name, str(fields.pop("kind", "replica")), pool, f"/disks/{pool}/{name}", role, **fields)  # type: ignore[arg-type]


def volumes() -> list[Volume]:
    """A healthy one under load, and one with a replica that is being rebuilt and one that is away."""
    orders = [replica(f"r-{n}", pool) for n, pool in (("0a1", "a"), ("0b2", "b"), ("0c3", "c"))]
    logs = [
        replica("r-1a1", "a"),
        replica("r-1b2", "b", "joining"),
        replica(
            "r-1c3", "c", "out-of-sync", process=Process("waiting", words="it was killed"), trouble="gone"
        ),
    ]
    rates = Rates(1200, 340, 4.8e6, 1.4e6, 0.00031, 0.0012)
    one, two = Process("running", 4000), Process("running", 4001, restarts=2)
    return [
        Volume("01", "orders", 10 * GIB, "healthy", "serving", "took epoch 2", 3, 3, orders, one, 4096,
               attachment=Attachment("/dev/loop3", "nbdfuse", "attached"), rates=rates, snapshots=1,
               snapshot_list=[Snapshot("monday", "5a", 10 * GIB, int(NOW) - 90_000, "@monday", GIB)]),
        Volume("02", "logs", 4 * GIB, "rebuilding", "serving", "lost r-1c3", 3, 1, logs, two, 4096,
               work=[Progress("rebuild", "r-1b2", GIB, 4 * GIB, 52e6, 58)]),
    ]  # fmt: skip


def jobs() -> list[Job]:
    """One that can be paused, one that was asked for, and one that failed."""
    return [
        Job("1f00", "create", "orders", "done", NOW - 7200, NOW - 7190, 5, 5, "steps", "in pools a, b, c"),
        Job("2f00", "scrub", "orders", "failed", NOW - 3600, NOW - 3000, GIB, 10 * GIB, "bytes",
            error="its controller was replaced meanwhile. Begin it again."),
        Job("3f00", "rebuild", "logs", "running", NOW - 60, 0, GIB, 4 * GIB, "bytes", rate=52e6, eta=58,
            target="r-1b2", acts=["pause"]),
    ]  # fmt: skip


@dataclass
class StorageDouble:
    """``absent``: no engine runs. What changes is shown after ``news``."""

    found: Inventory = field(
        default_factory=lambda: Inventory(
            EngineInfo("1", 4, "/home", 3600, "degraded", 3, 2, 1),
            [pool("a"), pool("b"), pool("c", state="full", reason="12 MiB are free")],
            volumes(),
            [
                Finding(
                    "warning", "logs", "r-1c3 does not run", "it was killed", "It is started again by itself."
                )
            ],
            jobs(),
        )
    )
    absent: bool = False
    name: str = "double"

    def __post_init__(self) -> None:
        self._news = asyncio.Event()
        self.told: list[tuple[object, ...]] = []
        """What it was told to do."""
        self.refuses = ""

    def news(self) -> None:
        self._news.set()

    async def inventory(self) -> Inventory:
        if self.absent:
            raise NoEngine("no block engine runs here", "navarch engine local up")
        return self.found

    async def explain(self, volume: str) -> list[Finding]:
        names = {one.id: one.name for one in self.found.volumes}
        return [one for one in self.found.findings if one.about == names.get(volume, volume)]

    async def events(self, after: int = 0, *, wait: float = 0, about: str = "") -> list[Event]:
        if self.absent:
            raise NoEngine("no block engine runs here", "navarch engine local up")
        if wait:
            self._news.clear()
            await self._news.wait()
        return [Event(7, NOW, "warning", about or "logs", "r-1c3: it was killed; it is started again")]

    # What it is told to do: noted, and answered as if it were done.

    def _do(self, what: str, *words: object) -> Job:
        if self.refuses:
            raise Refused(self.refuses, "Do something else first.")
        self.told.append((what, *words))
        about = next((str(word) for word in words if word), "")
        return Job("9f00", what, about, "done", NOW, NOW + 1, 1, 1, "steps", "well done")

    async def volume(self, name: str) -> Volume:
        return next(one for one in self.found.volumes if name in (one.id, one.name))

    async def pool(self, name: str) -> Pool:
        return next(one for one in self.found.pools if name in (one.id, one.name))

    async def job(self, job: str) -> Job:
        return next(one for one in self.found.jobs if one.id == job)

    async def add_pool(self, path: Path | None, name: str) -> Pool:
        self._do("add pool", str(path), name)
        return pool(name or "new")

    async def remove_pool(self, name: str) -> None:
        self._do("remove pool", name)

    async def create(
        self, name: str, *, size: int, replicas: int, block_size: int, pools: Sequence[str]
    ) -> Job:
        return self._do("create", name, size, replicas, tuple(pools))

    async def delete(self, name: str) -> Job:
        return self._do("delete", name)

    async def resize(self, name: str, size: int, *, overcommit: bool = False) -> Volume:
        self._do("resize", name, size)
        return await self.volume(name)

    async def set_pace(self, name: str, pace: Pace) -> Volume:
        self._do("pace", name, pace)
        return await self.volume(name)

    async def attach(self, name: str, *, by: str = "auto") -> Attachment:
        self._do("attach", name, by)
        return Attachment("/dev/loop7", "nbdfuse", "attached")

    async def detach(self, name: str) -> None:
        self._do("detach", name)

    async def take_snapshot(self, volume: str, name: str) -> Snapshot:
        self._do("snapshot", volume, name)
        return Snapshot(name, "7a", GIB, int(NOW), f"@{name}")

    async def delete_snapshot(self, volume: str, name: str) -> None:
        self._do("delete snapshot", volume, name)

    async def restore(self, volume: str, snapshot: str, *, keep: str = "") -> Job:
        return self._do("restore", volume, snapshot, keep)

    async def clone(
        self, volume: str, name: str, *, snapshot: str = "", replicas: int = 0, pools: Sequence[str] = ()
    ) -> Job:
        return self._do("clone", volume, name, snapshot)

    async def add_replica(self, volume: str, *, pool: str = "", witness: bool = False) -> Job:
        return self._do("add witness" if witness else "add replica", volume, pool)

    async def remove_replica(self, volume: str, replica: str, *, force: bool) -> Job:
        return self._do("remove replica", volume, replica)

    async def rebuild(self, volume: str, replica: str) -> Job:
        return self._do("rebuild", volume, replica)

    async def scrub(self, volume: str) -> Job:
        return self._do("scrub", volume)

    async def pause(self, job: str) -> Job:
        return self._do("pause", job)

    async def resume(self, job: str) -> Job:
        return self._do("resume", job)

    async def cancel(self, job: str) -> Job:
        return self._do("cancel", job)

    async def recover(self, paths: Sequence[Path], *, moved: bool) -> Job:
        return self._do("recover", *paths, *(["moved"] if moved else []))

    async def finished(self, job: Job, told: Callable[[Job], Any] = lambda job: None) -> Job:
        told(job)
        return job
