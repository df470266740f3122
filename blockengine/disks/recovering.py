"""What volumes there are, from their replicas alone: names, sizes, snapshots, and who may start them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from blockengine.disks.scanning import Found
from blockengine.membership import quorum
from blockengine.membership.catalog import Catalog
from blockengine.membership.record import Override, Record, Voter


class Part(Struct, frozen=True):
    """One directory of a volume, and what it is.

    `state`: `in-sync`; `stale` (missed writes: it is resynced); `witness`; `blank` (no record yet);
    `foreign` (of a lineage that was left); `replaced` (another one plays its part now); `dropped` (no voter
    any more); `copy` (the same replica is somewhere else, too); `damaged`. `usable` says whether it may
    be started, `moved` that this needs `--moved`; `why` is for people.
    """

    id: str
    path: str
    state: str
    usable: bool
    why: str
    moved: bool = False
    served: bool = False


class VolumeFound(Struct, frozen=True):
    """A volume as the newest record found tells it. Sizes are bytes.

    `lineages` has more than one entry if a person has to say which one lives: then nothing else is
    known. `startable` says that a majority of its voters and a replica in sync were found; `missing`
    are voters that were not.
    """

    volume: str
    name: str
    size: int
    lineages: tuple[str, ...]
    position: str
    state: str
    policy: str
    catalog: Catalog | None
    parts: tuple[Part, ...]
    missing: tuple[str, ...]
    startable: bool
    advice: str


def volumes(found: Iterable[Found]) -> list[VolumeFound]:
    """Group what was found by volume; what has no readable header comes last, as volumes without a name."""
    groups: dict[str, list[Found]] = {}
    for one in found:
        groups.setdefault(one.header.volume if one.header is not None else "", []).append(one)
    return [_volume(name, groups[name]) for name in sorted(groups, key=lambda name: (not name, name))]


def _volume(volume: str, found: Sequence[Found]) -> VolumeFound:
    living = _living(found)
    newest = _newest(found, living[0]) if len(living) == 1 else None
    twice = Counter(_identity(one) for one in found if one.header is not None and one.ballot is not None)
    forced = {override.left: override for one in found for override in one.overrides}
    parts = tuple(_part(one, newest, copies=twice[_identity(one)], forced=forced) for one in found)
    if newest is None:
        return VolumeFound(
            volume,
            "",
            0,
            living,
            "",
            "",
            "",
            None,
            parts,
            (),
            startable=False,
            advice=_unknown(volume, living),
        )
    present = {part.id for part in parts if part.usable}
    usable = [voter for voter in newest.voters if voter.id in present]
    in_sync = any(part.state == "in-sync" and part.usable for part in parts)
    startable = quorum.majority(newest.voters, usable) and in_sync
    position = newest.position
    return VolumeFound(
        volume,
        newest.name,
        newest.size,
        living,
        f"{position.epoch.number}.{position.seq}",
        newest.state,
        newest.policy,
        next((one.catalog for one in found if _holds(one, newest) and one.catalog is not None), None),
        parts,
        tuple(sorted(newest.voter_ids - present)),
        startable=startable,
        advice=_advice(newest, usable, in_sync=in_sync),
    )


def _living(found: Iterable[Found]) -> tuple[str, ...]:
    """The lineages that no forced recovery has left."""
    records = _records(found)
    left = {override.left for one in found for override in one.overrides}
    return tuple(sorted({record.lineage for record in records} - left))


def _newest(found: Iterable[Found], lineage: str) -> Record:
    held = [record for record in _records(found) if record.lineage == lineage]
    return max(held, key=lambda record: record.position)


def _records(found: Iterable[Found]) -> list[Record]:
    ballots = [one.ballot for one in found if one.ballot is not None]
    return [ballot.record for ballot in ballots if ballot.record is not None]


def _holds(one: Found, newest: Record) -> bool:
    return one.ballot is not None and one.ballot.record == newest


def _identity(one: Found) -> tuple[str, int]:
    if one.header is None or one.ballot is None:
        return one.path, 0
    return one.header.replica, one.ballot.incarnation


def _part(one: Found, newest: Record | None, *, copies: int, forced: Mapping[str, Override]) -> Part:
    """What one directory is."""
    name = one.header.replica if one.header is not None else ""
    state, why = _state(one, newest, forced)
    usable = state in ("in-sync", "stale", "witness", "blank") and newest is not None
    moved = not one.at_home
    if copies > 1:
        if moved:
            state, why, usable = "copy", "the same replica is somewhere else, too; never start both", False
        else:
            why += "; there are copies of it: start this one, for it is where it was made"
    elif moved and one.header is not None:
        why += "; it was made elsewhere: if no other copy of it runs, start it as moved"
    return Part(name, one.path, state, usable, why, moved=moved and usable, served=one.served)


def _state(one: Found, newest: Record | None, forced: Mapping[str, Override]) -> tuple[str, str]:
    if one.header is None or one.ballot is None or (one.trouble and one.catalog is None and one.keeps_data):
        return "damaged", one.trouble or "its list of snapshots can't be read"
    record = one.ballot.record
    if record is None:
        return "blank", "it never got a record, or lost it: it is let in again and rebuilt in full"
    if newest is None or record.lineage != newest.lineage:
        left = forced.get(record.lineage)
        by = f", left by {left.who} (seconds since 1970: {left.when}): {left.why}" if left is not None else ""
        return "foreign", f"of lineage {record.lineage}{by}"
    return _standing(one, newest)


def _standing(one: Found, newest: Record) -> tuple[str, str]:
    """What the newest record says of a voter of its lineage."""
    assert one.header is not None
    assert one.ballot is not None
    name = one.header.replica
    known = newest.incarnation(name)
    if known is None:
        return "dropped", "the newest record has no such voter"
    if known != one.ballot.incarnation:
        return "replaced", "the newest record counts another one under this id"
    if not one.keeps_data:
        return "witness", "it votes, and keeps no data"
    if newest.member(name) is not None:
        return "in-sync", "it has every acknowledged write that the newest record found knows of"
    absence = newest.absence(name)
    since = f" since record {absence.out.epoch.number}.{absence.out.seq}" if absence is not None else ""
    return "stale", f"it missed writes{since}: it is resynced once the volume is served"


def _advice(newest: Record, usable: Sequence[Voter], *, in_sync: bool) -> str:
    count = f"{len(usable)} of {len(newest.voters)} voters are here"
    if not in_sync:
        return f"{count}, but no replica in sync: find {', '.join(sorted(newest.member_ids))}"
    if quorum.majority(newest.voters, usable):
        return f"{count}: serve them, then the volume over them"
    return (
        f"{count}, which is no majority: a newer record may be elsewhere. Find the others; or, if they are "
        "destroyed, force the volume onward over these"
    )


def _unknown(volume: str, living: Sequence[str]) -> str:
    if not volume:
        return "headers that can't be read: these directories belong to a volume, but nobody can tell which"
    if not living:
        return "no record that counts was found: they never became a volume, or their lineages were left"
    return f"{len(living)} lineages, neither of which was left: a person has to say which one lives"
