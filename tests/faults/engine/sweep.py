"""The crash-point sweep: stop after every single change of the disk, reopen, look."""

from __future__ import annotations

from dataclasses import dataclass

from blockengine.replica.replica import Place, Replica
from blockengine.verify.disk import SimulatedDisk
from tests.faults.engine.workload import PLACE, REBOOTED, SIZE, Workload


@dataclass
class Swept:
    """What a sweep saw: how many stops, and the first broken promise."""

    stops: int = 0
    broken: str = ""


def sweep(seed: int, *, operations: int, survivals: int = 3, every: int = 1, offset: int = 0) -> Swept:
    """Run one workload again and again, each time stopped one change later."""
    whole = Workload(SimulatedDisk(), seed)
    assert whole.run(operations)
    swept = Swept()
    for stop in range(1 + offset, whole.disk.changes + 1, every):
        for survival in range(survivals + 1):
            work = Workload(SimulatedDisk(stop_after=stop), seed)
            work.run(operations)
            swept.stops += 1
            power = survival > 0
            disk = work.disk.after_power_loss(stop * 31 + survival) if power else work.disk.after_kill()
            try:
                look(work, disk, power=power)
            except Exception as error:
                kind = f"power loss {survival}" if power else "kill"
                swept.broken = f"seed {seed}, stop {stop}, {kind}: {type(error).__name__}: {error}"
                return swept
    return swept


def look(work: Workload, disk: SimulatedDisk, *, power: bool) -> None:
    """Reopen what a crash left, hold it against the oracle, and crash it once more."""
    if work.replica is None:
        # Creation was cut short: there is no replica, or an empty one.
        if "header" in disk.names():
            assert Replica.open(disk, PLACE).read(0, SIZE) == bytes(SIZE)
        return
    after = Replica.open(disk, REBOOTED if power else PLACE)
    work.check(after, power=power)
    before = after.read(0, SIZE)
    after.flush()
    again = Replica.open(disk.after_power_loss(7), Place("machine", "boot 3"))
    assert again.read(0, SIZE) == before, "what was read after a crash changed at the next one"
