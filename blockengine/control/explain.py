"""Why a volume or a pool is not as it should be, in a person's words, and what to do next.

Pure: from what the API shows. The worst comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from blockengine.control.model import EngineHealth, Finding, Pool, Replica, Severity, Volume
from blockengine.control.placement import gib
from blockengine.protocol.admin import Progress

_ORDER: dict[Severity, int] = {"failing": 0, "warning": 1, "info": 2}
_POOL_ADVICE: dict[str, str] = {
    "vanished": "Mount its disk again. Its replicas come back by themselves, with what they missed. If the "
    "disk is lost: navarch engine pool remove, then navarch engine replica rebuild for each volume.",
    "read-only": "A file system often goes read-only after an error: look at dmesg, check the disk, mount "
    "it writable again.",
    "full": "Free space on its file system, or delete snapshots or volumes.",
    "failing": "Look at dmesg and the disk's health.",
    "foreign": "Mount the right disk there, or add this one under another name.",
}
_GUIDE = "docs/engine-by-hand.md has the way out by force."


def explain(volume: Volume, pools: Sequence[Pool], lineages: Sequence[str]) -> list[Finding]:
    """All that can be said of a volume; empty if it is healthy and nothing is remarkable."""
    by_name = {pool.name: pool for pool in pools}
    found = [*_as_a_whole(volume, lineages), *_attachment(volume)]
    for replica in volume.replicas:
        found += _replica(volume, replica, by_name.get(replica.pool))
    found += [*_code(volume), *_spread(volume, by_name)]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def explain_pool(pool: Pool) -> list[Finding]:
    """Why a pool is not healthy, or soon will not be."""
    advice = _POOL_ADVICE
    if pool.state != "healthy":
        what = f"pool {pool.name} ({pool.path}) is {pool.state}"
        return [Finding("failing", pool.name, what, pool.reason, advice[pool.state])]
    if pool.total and pool.free < pool.total // 10:
        why = f"{gib(pool.free)} of {gib(pool.total)} are free, and volumes grow as they are written to"
        return [Finding("warning", pool.name, f"pool {pool.name} will be full soon", why, advice["full"])]
    return []


def overall(pools: Sequence[Pool], volumes: Sequence[Volume]) -> EngineHealth:
    """One word for an engine."""
    worst = {volume.health for volume in volumes}
    sick = any(pool.state != "healthy" for pool in pools)
    if not volumes and not sick:
        return "empty"
    if worst & {"failed", "suspended"}:
        return "failing"
    return "degraded" if sick or worst - {"healthy"} else "healthy"


def _as_a_whole(volume: Volume, lineages: Sequence[str]) -> Iterator[Finding]:
    name = volume.name
    if len(lineages) > 1:
        yield Finding(
            "failing",
            name,
            f"its replicas are of {len(lineages)} lineages ({', '.join(lineages)})",
            "It was forced onward once, and replicas that were left behind are back.",
            "Find out which lineage has what you need (navarch engine volume show), and move the "
            f"directories of the others out of their pools. {_GUIDE}",
        )
    elif volume.health == "suspended":
        yield _suspended(volume)
    elif volume.state == "withheld":
        yield Finding(
            "failing",
            name,
            "it was not taken back to its end, and nobody can use it",
            volume.words,
            f"Take it back to another snapshot: navarch engine snapshot list {name}, then snapshot restore.",
        )
    elif volume.health == "restoring":
        yield _restoring(volume)
    elif volume.health == "starting" and any(work.what == "fill" for work in volume.work):
        yield Finding("info", name, "it is a clone that is being filled", _work(volume, "fill"), "Wait.")
    elif "made to be filled" in volume.controller.words:
        yield Finding(
            "failing",
            name,
            "it is a clone that was never begun to be filled",
            "The engine ended just before. Nobody ever used it; one that was begun goes on by itself.",
            f"navarch engine volume delete {name}, then clone again.",
        )
    elif volume.health == "failed":
        yield Finding(
            "failing",
            name,
            "its controller ends again and again",
            volume.controller.words or volume.words,
            f"navarch engine events {name} tells more.",
        )
    elif volume.state == "waiting":
        yield _waiting(volume)
    elif volume.health == "starting":
        yield Finding("info", name, f"it is {volume.state}", volume.words, "Wait a few seconds.")


def _restoring(volume: Volume) -> Finding:
    """Nobody is served until it ends, whichever way."""
    work = next((one for one in volume.work if one.what == "restore"), None)
    advice = "Wait."
    if work is not None and work.state == "paused":
        advice = "It goes on with navarch engine job resume (job list has its number)."
    elif work is not None and "stop" in work.acts:
        advice = "Wait, or cancel it (navarch engine job list, job cancel): then it becomes what it was."
    back = "it goes back to what it was" if work is not None and work.words else ""
    what = back or "it is being taken back to a snapshot"
    return Finding("info", volume.name, what, _work(volume, "restore"), advice)


def _waiting(volume: Volume) -> Finding:
    if "another controller's lease" in volume.words:
        return Finding(
            "info",
            volume.name,
            "it waits for the lease of another controller",
            "The one before ended without a word (a lease lasts some seconds), or somebody else serves it.",
            "Wait. If it stays so, look for another python -m blockengine volume serve, and end it.",
        )
    return Finding("info", volume.name, "it is starting", volume.words, "Wait a few seconds.")


def _suspended(volume: Volume) -> Finding:
    away = [replica for replica in volume.replicas if replica.process.state != "running"]
    whole = len(volume.replicas)
    if whole and (whole - len(away)) * 2 <= whole:
        return Finding(
            "failing",
            volume.name,
            f"reads and writes wait: {whole - len(away)} of {whole} voters run, which is no majority",
            "Without a majority nobody can know that no newer data exists. Away: "
            + ", ".join(replica.id for replica in away),
            "Bring one of them back (see below); everything goes on by itself then. If a majority is lost "
            f"for good: {_GUIDE}",
        )
    return Finding(
        "failing",
        volume.name,
        "reads and writes wait",
        f"No member in sync can be used, or the leases ran out: {volume.words}",
        "It goes on by itself once the replicas answer.",
    )


def _attachment(volume: Volume) -> Iterator[Finding]:
    attached = [*([volume.attachment] if volume.attachment is not None else []), *volume.attached_snapshots]
    for attachment in attached:
        if attachment.state == "broken":
            name = f"{volume.name}@{attachment.snapshot}" if attachment.snapshot else volume.name
            yield Finding(
                "failing",
                volume.name,
                f"{attachment.device} gives errors",
                attachment.reason,
                f"Unmount it, navarch engine volume detach {name}, then attach it again. Nothing that "
                "was flushed is lost.",
            )


def _replica(volume: Volume, replica: Replica, pool: Pool | None) -> Iterator[Finding]:
    rebuild = f"navarch engine replica rebuild {volume.name} {replica.id}"
    name, process = volume.name, replica.process
    severity: Severity = "warning"
    if replica.role == "missing":
        yield Finding(
            severity, name, f"{replica.id} is missing", replica.trouble, f"Bring its pool back, or {rebuild}"
        )
    elif replica.role == "refused":
        yield _refused(volume, replica, rebuild)
    elif "too old for" in replica.trouble:
        what = f"{replica.id} and newer processes speak no protocol in common"
        yield Finding(severity, name, what, replica.trouble, f"navarch engine renew {name}")
    elif pool is not None and pool.state not in ("healthy", "full"):
        why = f"pool {pool.name} is {pool.state}: {pool.reason}"
        yield Finding(severity, name, f"{replica.id} is {replica.role}", why, explain_pool(pool)[0].next)
    elif process.state in ("waiting", "stopped"):
        again = "It is started again by itself." if process.state == "waiting" else f"Or {rebuild}"
        yield Finding(severity, name, f"{replica.id} does not run", process.words or replica.trouble, again)
    elif replica.role == "joining":
        yield Finding("info", name, f"{replica.id} is being rebuilt", _progress(volume, replica), "Wait.")
    elif replica.role in ("out-of-sync", "blank", "unknown"):
        yield _outside(volume, replica, pool, rebuild)
    elif replica.trouble:
        yield Finding(
            severity, name, f"{replica.id} does not answer", replica.trouble, "It is asked again and again."
        )


def _refused(volume: Volume, replica: Replica, rebuild: str) -> Finding:
    if "was made on machine" in replica.trouble:
        return Finding(
            "warning",
            volume.name,
            f"{replica.id} in {replica.path} is not started: it is a copy, or was moved",
            replica.trouble,
            "If the original is gone for sure: navarch engine recover --moved. If it is a copy, remove it.",
        )
    advice = (
        "Use the newer navarch." if "format" in replica.trouble else f"Remove its directory, then {rebuild}"
    )
    return Finding(
        "warning", volume.name, f"{replica.id} in {replica.path} can't be started", replica.trouble, advice
    )


def _outside(volume: Volume, replica: Replica, pool: Pool | None, rebuild: str) -> Finding:
    if replica.trouble and "failed for good" in replica.trouble:
        return Finding(
            "warning",
            volume.name,
            f"{replica.id} no longer trusts its disk",
            replica.trouble,
            f"Check the disk of pool {replica.pool}; when it is well, {rebuild}",
        )
    if pool is not None and pool.state == "full":
        why = f"pool {pool.name} is full: {pool.reason}"
        return Finding(
            "warning", volume.name, f"{replica.id} is {replica.role}", why, explain_pool(pool)[0].next
        )
    words = {
        "blank": "It lost its state: it is let in again and rebuilt in full.",
        "unknown": "It is no voter of this volume's record (it was never added, or was taken off).",
    }
    why = words.get(replica.role) or replica.trouble or "It missed writes, and is brought back."
    advice = (
        "Wait." if replica.role != "unknown" else f"navarch engine replica remove {volume.name} {replica.id}"
    )
    return Finding("warning", volume.name, f"{replica.id} is {replica.role}", why, advice)


def _progress(volume: Volume, replica: Replica) -> str:
    for work in volume.work:
        if work.target == replica.id:
            return _copied(work)
    return "What it missed is copied."


def _work(volume: Volume, what: str) -> str:
    """How far a piece of work is."""
    return next((_copied(work) for work in volume.work if work.what == what and work.total), volume.words)


def _copied(work: Progress) -> str:
    paused = ", paused" if work.state == "paused" else f", {work.eta:.0f} s left" if work.eta else ""
    return f"{gib(work.done)} of {gib(work.total)} copied{paused}"


def _code(volume: Volume) -> Iterator[Finding]:
    """Processes of other code than the engine's."""
    named = [(replica.id, replica.process) for replica in volume.replicas]
    named.append(("its controller", volume.controller))
    others: dict[str, list[str]] = {}
    for name, process in named:
        if process.other_code:
            others.setdefault(process.code, []).append(name)
    names = [name for alike in others.values() for name in alike]
    if not names:
        return
    told = "; ".join(f"{', '.join(alike)}: {code}" for code, alike in others.items())
    yield Finding(
        "warning",
        volume.name,
        f"{', '.join(names)} {'runs' if len(names) == 1 else 'run'} other code than the engine",
        f"The program was replaced meanwhile ({told}). "
        "What one of them does not know of is left out, or refused in clear words.",
        f"navarch engine renew {volume.name} restarts them one at a time, while the volume is used.",
    )


def _spread(volume: Volume, pools: dict[str, Pool]) -> Iterator[Finding]:
    """Replicas that die together."""
    data = [replica for replica in volume.replicas if replica.kind == "replica"]
    devices = [pools[replica.pool].device for replica in data if replica.pool in pools]
    if len(data) > 1 and len(devices) == len(data) and len(set(devices)) == 1:
        yield Finding(
            "info",
            volume.name,
            "all its replicas are on one file system",
            "They survive processes, not the loss of that disk.",
            "Add pools on other disks (navarch engine pool add DIRECTORY).",
        )
