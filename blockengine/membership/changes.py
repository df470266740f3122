"""The records that may follow a record: leave, return, resume, vote, grow, force.

Each returns the next record for the given position and refuses what makes no sense with
ValueError. Whether it may be *sent* is `term.propose`'s matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from blockengine.membership.record import Absent, Epoch, Member, Position, Record, Voter


def remove(record: Record, gone: Collection[str], at: Position) -> Record:
    """Take members out of sync. Before it is proposed, all others have answered a flush.

    Raises: ValueError if it would leave nobody.
    """
    staying = tuple(member for member in record.in_sync if member.id not in gone)
    if not staying:
        raise ValueError("the last replica in sync can't be removed")
    left = tuple(Absent(member.id, member.since, at) for member in record.in_sync if member.id in gone)
    return replace(record, position=at, in_sync=staying, absent=_sorted(record.absent + left))


def promote(record: Record, replica: str, boot: str, at: Position) -> Record:
    """Take a resynced replica in. It has flushed everything it was given.

    Raises: ValueError if the replica is not out of sync, or no voter.
    """
    if record.absence(replica) is None:
        raise ValueError(f"replica {replica} is not out of sync")
    rest = tuple(absent for absent in record.absent if absent.id != replica)
    joined = tuple(sorted((*record.in_sync, Member(replica, boot, at))))
    return replace(record, position=at, in_sync=joined, absent=rest)


def rebooted(record: Record, boots: Mapping[str, str], at: Position) -> Record | None:
    """The record after sessions opened: who of the members may be a source.

    `boots` has the boot id of every member that answered. A member whose machine restarted
    may have lost what it acknowledged, so it goes out while one that did not restart is
    there. If none is left that did not, all must have answered: together they still hold
    whatever was flushed, and none is better than the others. None: wait for the rest.
    """
    answered = [member for member in record.in_sync if member.id in boots]
    steady = [member for member in answered if boots[member.id] == member.boot]
    if steady:
        gone = record.member_ids - {member.id for member in steady}
        return remove(record, gone, at) if gone else record.at(at)
    if len(answered) < len(record.in_sync):
        return None
    resumed = tuple(member._replace(boot=boots[member.id]) for member in record.in_sync)
    return replace(record, position=at, in_sync=resumed)


def readmit(record: Record, voter: Voter, at: Position) -> Record:
    """Let a voter that lost its state vote again; its bytes need a full rebuild.

    Raises: ValueError if it is no voter, or the only one in sync.
    """
    if record.incarnation(voter.id) is None:
        raise ValueError(f"{voter.id} is no voter")
    kept = tuple(member for member in record.in_sync if member.id != voter.id)
    if not kept:
        raise ValueError("the last replica in sync lost its state: nothing is left to rebuild from")
    others = tuple(entry for entry in record.voters if entry.id != voter.id)
    absent = tuple(entry for entry in record.absent if entry.id != voter.id)
    keeps_data = record.member(voter.id) is not None or record.absence(voter.id) is not None
    if keeps_data:
        absent = _sorted((*absent, Absent(voter.id, None, at)))
    return replace(record, position=at, voters=tuple(sorted((*others, voter))), in_sync=kept, absent=absent)


def add_voter(record: Record, voter: Voter, at: Position, *, keeps_data: bool) -> Record:
    """A new voter: a replica (to be rebuilt in full) or a witness, which keeps records only.

    Raises: ValueError if it votes already.
    """
    if record.incarnation(voter.id) is not None:
        raise ValueError(f"{voter.id} is a voter already")
    absent = record.absent
    if keeps_data:
        absent = _sorted((*absent, Absent(voter.id, None, at)))
    return replace(record, position=at, voters=tuple(sorted((*record.voters, voter))), absent=absent)


def drop_voter(record: Record, voter: str, at: Position) -> Record:
    """Take a voter off for good; a replica has to be out of sync first.

    Raises: ValueError if it is in sync or no voter.
    """
    if record.member(voter) is not None:
        raise ValueError(f"replica {voter} is in sync; remove it first")
    if record.incarnation(voter) is None:
        raise ValueError(f"{voter} is no voter")
    return replace(
        record,
        position=at,
        voters=tuple(entry for entry in record.voters if entry.id != voter),
        absent=tuple(entry for entry in record.absent if entry.id != voter),
    )


def resize(record: Record, size: int, at: Position) -> Record:
    """Another size, in bytes; every member in sync has grown to it before this is proposed.

    Raises: ValueError if it is not larger.
    """
    if size <= record.size:
        raise ValueError(f"the volume has {record.size} bytes; it can only grow, not become {size}")
    return replace(record, position=at, size=size)


def list_snapshots(record: Record, digest: str, at: Position) -> Record:
    """Another list of snapshots; every member in sync holds it before this is proposed."""
    return replace(record, position=at, snapshots=digest)


def force(record: Record, survivors: Collection[str], *, epoch: Epoch, lineage: str) -> Record:
    """An operator's way out of a lost majority: a new lineage over the survivors only.

    The operator attests that everyone left out is destroyed or fenced. The left-out stay
    known as absent for ever: one that returns is shown, and rebuilt in full if readmitted.

    Raises: ValueError if no survivor was in sync, or the lineage is not new.
    """
    if lineage == record.lineage:
        raise ValueError("a forced volume needs a new lineage")
    at = Position(epoch, 1)
    staying = tuple(member._replace(since=at) for member in record.in_sync if member.id in survivors)
    if not staying:
        raise ValueError("none of the survivors was in sync: their bytes are too old to serve")
    known = [member.id for member in record.in_sync] + [absent.id for absent in record.absent]
    kept = {member.id for member in staying}
    absent = _sorted(tuple(Absent(replica, None, at) for replica in known if replica not in kept))
    voters = tuple(voter for voter in record.voters if voter.id in survivors)
    return replace(record, lineage=lineage, position=at, voters=voters, in_sync=staying, absent=absent)


def _sorted(absent: tuple[Absent, ...]) -> tuple[Absent, ...]:
    return tuple(sorted(absent, key=lambda entry: entry.id))
