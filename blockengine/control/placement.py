"""Which pools get a new volume's replicas: pure, so that it can be tested without disks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from blockengine.control.engine import Impossible
from blockengine.control.model import Pool

# Replicas grow as they are written to. So much may be promised of a file system's size.
OVERCOMMIT = 2.0


def choose(pools: Sequence[Pool], *, count: int, size: int, named: Sequence[str] = ()) -> list[Pool]:
    """`count` pools for replicas of `size` bytes.

    On different file systems as far as there are any, then where least is promised.

    Raises: Impossible, with the reason for each pool that will not do.
    """
    wanted = [_named(pools, name) for name in named] if named else list(pools)
    if named and len({pool.id for pool in wanted}) != count:
        raise Impossible(
            f"{count} replicas need {count} different pools; {len(named)} were named", status=400
        )
    promised = _promised(pools)
    no = {pool.name: why for pool in wanted if (why := _unfit(pool, size, promised))}
    fit = [pool for pool in wanted if pool.name not in no]
    if len(fit) < count:
        reasons = "; ".join(f"{name}: {why}" for name, why in sorted(no.items()))
        need = "a replica needs a pool" if count == 1 else f"{count} replicas need {count} pools"
        raise Impossible(
            f"{need}, and {len(fit)} of {len(wanted)} will do" + (f" ({reasons})" if reasons else ""),
            "navarch engine pool add DIRECTORY" + (", or fewer --replicas" if count > 1 else ""),
        )
    chosen: list[Pool] = []
    while len(chosen) < count:
        used = [pool.device for pool in chosen]
        rest = [pool for pool in fit if pool not in chosen]
        chosen.append(
            min(
                rest,
                key=lambda pool: (used.count(pool.device), promised[pool.device], pool.committed, pool.name),
            )
        )
    return chosen


def _rank(used: list[str], promised: dict[str, int], pool: Pool) -> tuple[int, int, int, str]:
    return used.count(pool.device), promised[pool.device], pool.committed, pool.name


def for_witness(pools: Sequence[Pool], taken: Collection[Pool]) -> Pool:
    """The pool for a witness: one without a replica if there is one. Raises: Impossible."""
    healthy = [pool for pool in pools if pool.state == "healthy"]
    if not healthy:
        raise Impossible("no pool can take the witness", "navarch engine pool list")
    devices = [pool.device for pool in taken]
    ids = {pool.id for pool in taken}
    return min(healthy, key=lambda pool: (pool.id in ids, devices.count(pool.device), pool.name))


def _named(pools: Sequence[Pool], name: str) -> Pool:
    for pool in pools:
        if name in (pool.name, pool.id):
            return pool
    raise Impossible(f"there is no pool {name}", "navarch engine pool list", status=404)


def _promised(pools: Sequence[Pool]) -> dict[str, int]:
    """What is promised of each file system."""
    sums: dict[str, int] = {}
    for pool in pools:
        sums[pool.device] = sums.get(pool.device, 0) + pool.committed
    return sums


def _unfit(pool: Pool, size: int, promised: dict[str, int]) -> str:
    """Why a pool can't take a replica of this size; empty if it can."""
    if pool.state != "healthy":
        return f"it is {pool.state}"
    if size > pool.total:
        return f"its file system has {gib(pool.total)} in all"
    if promised[pool.device] + size > pool.total * OVERCOMMIT:
        return (
            f"its file system has {gib(pool.total)}, of which {gib(promised[pool.device])} are promised "
            f"already, and {OVERCOMMIT:g} times its size may be"
        )
    return ""


def gib(size: int) -> str:
    """Bytes for people."""
    for unit, name in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"
