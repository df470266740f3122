"""Which voters of which volumes stand in the pools, and what stands there that can't be used."""

from __future__ import annotations

from blockengine.control.model import Finding
from blockengine.local.pools import Pool, Pools
from blockengine.local.volumes import Place
from blockengine.replica.peek import Seen


def find(pools: Pools) -> dict[str, dict[str, Place]]:
    """Volume id → voter id → where it is.

    Of a voter that is found twice one counts whose pool is there; then the one that the volume's record
    knows (it was made anew while the other's pool was away); then one in its own place.
    """
    found: dict[str, dict[str, list[tuple[Place, bool]]]] = {}
    gone = _tombstones(pools)
    for pool in pools.all.values():
        for entry, seen in pool.seen.items():
            assert seen.header is not None
            if seen.header.volume not in gone:
                place = Place(seen, pool.known.name, pool.sizes.get(entry, 0))
                voters = found.setdefault(seen.header.volume, {})
                voters.setdefault(seen.header.replica, []).append((place, pool.usable))
    return {volume: _chosen(voters) for volume, voters in found.items()}


def _chosen(voters: dict[str, list[tuple[Place, bool]]]) -> dict[str, Place]:
    records = [
        place.seen.record
        for places in voters.values()
        for place, _ in places
        if place.seen.record is not None
    ]
    alike = len({record.lineage for record in records}) == 1
    newest = max(records, key=lambda record: record.position) if alike else None

    def rank(voter: str, place: Place, usable: bool) -> tuple[bool, bool, bool]:
        ballot = place.seen.ballot
        known = newest.incarnation(voter) if newest is not None else None
        return usable, ballot is not None and known == ballot.incarnation, not place.seen.trouble

    return {voter: max(places, key=lambda one: rank(voter, *one))[0] for voter, places in voters.items()}


def deleted(pools: Pools) -> list[tuple[Pool, Seen]]:
    """Voters of volumes that were deleted while their pool was away."""
    gone = _tombstones(pools)
    return [
        (pool, seen)
        for pool in pools.all.values()
        if pool.usable
        for seen in pool.seen.values()
        if seen.header is not None and seen.header.volume in gone
    ]


def _tombstones(pools: Pools) -> frozenset[str]:
    return frozenset().union(*(pool.tombstones for pool in pools.all.values()))


def stray(pools: Pools) -> list[Finding]:
    """Directories that belong to nothing that runs: copies, damaged ones, those of deleted volumes."""
    used = {place.seen.path for voters in find(pools).values() for place in voters.values()}
    found = []
    for pool in pools.all.values():
        for entry, why in pool.unreadable.items():
            found.append(
                Finding(
                    "warning",
                    pool.known.name,
                    f"{pool.replicas / entry} is no replica that can be used",
                    why,
                    "If nothing in it is needed, remove it. If a newer navarch wrote it, use that one.",
                )
            )
        for seen in pool.seen.values():
            assert seen.header is not None
            if seen.path not in used:
                name = seen.header.replica
                why = f"another directory is {name} too, and this one is its copy"
                advice = "Remove the copy. Never start both."
                if not seen.misplaced:
                    why = f"{name} was made anew elsewhere; this is what it was before"
                    advice = "Remove it: it votes no more, and its bytes are old."
                found.append(Finding("warning", pool.known.name, f"{seen.path} is not used", why, advice))
    return found
