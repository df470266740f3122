"""Intent and missed logs: which regions may differ between replicas, and whose list to trust.

A region is a stretch of the volume (4 MiB by default); the rules know it by its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from blockengine.membership.record import Position, Record


class RegionWrites:
    """The controller's count of writes per region, and when a region is clean again.

    The count grows by one per write begun in a term; every write and every clear carries
    it, so that a replica can tell a clear that was overtaken by a later write.
    """

    def __init__(self) -> None:
        self._begun: dict[int, int] = {}
        self._outstanding: dict[int, int] = {}
        self._marked: set[int] = set()

    def begin(self, region: int) -> int:
        """A write is about to be sent; its number within the region."""
        self._begun[region] = count = self._begun.get(region, 0) + 1
        self._outstanding[region] = self._outstanding.get(region, 0) + 1
        self._marked.add(region)
        return count

    def finish(self, region: int) -> None:
        """Every member in sync has the write. One that failed is never finished."""
        self._outstanding[region] -= 1

    def alike(self, regions: Iterable[int]) -> None:
        """Regions that members still mark, though all of them hold the same: settled or resynced."""
        self._marked.update(regions)

    def flushing(self) -> dict[int, int]:
        """As a flush of all members begins: the regions it may clean, with their counts."""
        return {
            region: self._begun.get(region, 0) for region in self._marked if not self._outstanding.get(region)
        }

    def clean(self, flushed: Mapping[int, int]) -> dict[int, int]:
        """After it ended everywhere: those in which no write has begun since."""
        return {region: count for region, count in flushed.items() if self._begun.get(region, 0) == count}

    def quiet(self, regions: Iterable[int]) -> dict[int, int]:
        """As a flush begins that is to make copies durable: regions without a write under way."""
        return {region: self._begun.get(region, 0) for region in regions if not self._outstanding.get(region)}

    def cleared(self, regions: Iterable[int]) -> None:
        """The members were told to forget these."""
        self._marked.difference_update(regions)


def clear_applies(received: int | None, count: int) -> bool:
    """Whether a replica obeys a clear: it received no write that the clear doesn't know of.

    `received` is the highest count it was sent in this session; None: it was sent none.
    """
    return received is None or received <= count


class MissedLog(NamedTuple):
    """What one replica missed since it went out; `tag` is where the record says it did.

    A `whole` log began with every region: it serves a replica that has nothing, too.
    """

    tag: Position
    regions: frozenset[int]
    whole: bool = False

    def marked(self, regions: Iterable[int]) -> MissedLog:
        """The log with further regions."""
        return self._replace(regions=self.regions | frozenset(regions))


def after_store(
    logs: Mapping[str, MissedLog], record: Record, *, holder: str, intent: Iterable[int], regions: int
) -> dict[str, MissedLog]:
    """The logs a replica keeps once it has stored `record`, in the same atomic step.

    The volume has so many `regions`. A log starts from the intent of that moment: writes under way
    may miss the target; for a target that was never in sync it starts with every region. A log of
    a replica that came back is kept, and marked on, until the controller says that the promotion
    is committed: a take-over may yet find the older record.
    """
    kept = dict(logs)
    for absent in record.absent:
        held = kept.get(absent.id)
        if absent.id != holder and (held is None or held.tag != absent.out):
            whole = absent.since is None
            kept[absent.id] = MissedLog(absent.out, frozenset(range(regions) if whole else intent), whole)
    return kept


def after_restart(logs: Mapping[str, MissedLog], intent: Iterable[int]) -> dict[str, MissedLog]:
    """The logs after an unclean restart: marks that were not synced hide in the intent."""
    regions = frozenset(intent)
    return {target: log.marked(regions) for target, log in logs.items()}


def covers(record: Record, log: MissedLog | None, *, holder: str, target: str) -> bool:
    """Whether the holder's log names everything that the target missed.

    The log must be of the target's latest absence, and the holder in sync ever since: one
    that was itself away, perhaps without knowing, has a gap. A target that was never in sync
    missed everything that a log does not begin with.
    """
    absence, member = record.absence(target), record.member(holder)
    if log is None or absence is None or member is None or (absence.since is None and not log.whole):
        return False
    return log.tag == absence.out and member.since <= absence.out
