"""A storage engine for tests of the screen: says what it is told to say."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from backend.storage.failures import NoEngine
from backend.storage.model import (
    Attachment,
    EngineInfo,
    Event,
    Finding,
    Inventory,
    Pool,
    Process,
    Progress,
    Rates,
    Replica,
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
               attachment=Attachment("/dev/loop3", "nbdfuse", "attached"), rates=rates),
        Volume("02", "logs", 4 * GIB, "rebuilding", "serving", "lost r-1c3", 3, 1, logs, two, 4096,
               work=[Progress("rebuild", "r-1b2", GIB, 4 * GIB, 52e6, 58)]),
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
        )
    )
    absent: bool = False
    name: str = "double"

    def __post_init__(self) -> None:
        self._news = asyncio.Event()

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
