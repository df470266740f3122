"""The crash-point sweep: stop after every single change of the disk, reopen, look."""

from __future__ import annotations

from dataclasses import dataclass

from blockengine.replica.alone import trust_unverified
from blockengine.replica.merging import merging
from blockengine.replica.replica import Place, Replica
from blockengine.verify.disk import Crashed, SimulatedDisk
from tests.faults.engine.workload import PLACE, REBOOTED, SIZE, Workload


@dataclass
class Swept:
    """What a sweep saw: how many stops, and the first broken promise."""

    stops: int = 0
    broken: str = ""


def sweep(seed: int, *, operations: int, survivals: int = 3, twice: bool = False) -> Swept:
    """Run one workload again and again, each time stopped one change later.

    With `twice`, the recovery from that stop is stopped as well, at a drawn change.
    """
    whole = Workload(SimulatedDisk(), seed)
    swept = Swept()
    try:
        assert whole.run(operations)
    except Exception as error:
        swept.broken = f"seed {seed}, without a stop: {type(error).__name__}: {error}"
        return swept
    for stop in range(1, whole.disk.changes + 1):
        for survival in range(survivals + 1):
            work = Workload(SimulatedDisk(stop_after=stop), seed)
            swept.stops += 1
            power = survival > 0
            try:
                work.run(operations)
                disk = work.disk.after_power_loss(stop * 31 + survival) if power else work.disk.after_kill()
                if twice and work.replica is not None:
                    disk = stopped_again(disk, seed=stop * 31 + survival, power=power)
                look(work, disk, power=power)
            except Exception as error:
                kind = f"power loss {survival}" if power else "kill"
                swept.broken = f"seed {seed}, stop {stop}, {kind}: {type(error).__name__}: {error}"
                return swept
    return swept


def stopped_again(disk: SimulatedDisk, *, seed: int, power: bool) -> SimulatedDisk:
    """The disk after a recovery that did not end either."""
    disk.stop_after = 1 + seed % 23
    try:
        after = Replica.open(disk, REBOOTED if power else PLACE)
        trust_unverified(after)
        after.flush()
    except Crashed:
        pass
    disk.stop_after = 0
    return disk.after_power_loss(seed) if power else disk.after_kill()


def look(work: Workload, disk: SimulatedDisk, *, power: bool) -> None:
    """Reopen what a crash left, hold it against the oracle, and crash it once more."""
    if work.replica is None:
        # Creation was cut short: there is no replica, or an empty one.
        if "header" in disk.names():
            assert Replica.open(disk, PLACE).read(0, SIZE) == bytes(SIZE)
        return
    after = Replica.open(disk, Place("machine", "boot 3") if power else PLACE)
    work.check(after, power=power)
    size = after.header.size
    before = after.read(0, size)
    for step in merging(after, work.views):
        step()
    assert len(after.layers.chain.layers) == len(work.views) + 1, "a merge left layers"
    assert after.read(0, size) == before, "a merge changed the volume"
    work.look_at_snapshots(after)
    after.flush()
    again = Replica.open(disk.after_power_loss(7), Place("machine", "boot 4"))
    work.look_at_snapshots(again)
    assert again.read(0, size) == before, "what was read after a crash changed at the next one"
