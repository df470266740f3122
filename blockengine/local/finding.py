"""Which voters of which volumes stand in the pools, and what stands there that can't be used."""

from __future__ import annotations

from blockengine.control.model import Finding
from blockengine.local.pools import Pool, Pools
from blockengine.local.volumes import Place
from blockengine.replica.peek import Seen


def find(pools: Pools) -> dict[str, dict[str, Place]]:
    """Volume id → voter id → where it is.

    Of a voter that is found twice, the one in its own place counts; and what stands in a pool that is
    away (as it was seen last) counts least, for it may have been made anew elsewhere.
    """
    found: dict[str, dict[str, Place]] = {}
    gone = _tombstones(pools)
    for pool in sorted(pools.all.values(), key=lambda pool: not pool.usable):
        for entry, seen in pool.seen.items():
            assert seen.header is not None
            if seen.header.volume in gone:
                continue
            voters = found.setdefault(seen.header.volume, {})
            name, place = seen.header.replica, Place(seen, pool.known.name, pool.sizes.get(entry, 0))
            held = voters.get(name)
            if held is None or (held.seen.trouble and not seen.trouble and pool.usable):
                voters[name] = place
    return found


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
                why = f"another directory is {seen.header.replica} too, and this one is its copy"
                advice = "Remove the copy. Never start both."
                found.append(Finding("warning", pool.known.name, f"{seen.path} is not used", why, advice))
    return found
