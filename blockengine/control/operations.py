"""Every operation of the control API: where it is, what it takes and answers, who carries it out.

The routes and the OpenAPI document are both made from this table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from blockengine.control.engine import Engine, Impossible
from blockengine.control.model import (
    AddPool,
    AddReplica,
    Attach,
    Attachment,
    Clone,
    CreateVolume,
    EngineInfo,
    Event,
    Finding,
    Job,
    Named,
    Pace,
    Pool,
    Recover,
    Resize,
    Restore,
    Stop,
    Volume,
)
from blockengine.protocol.admin import SnapshotStatus

LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the names in its path, its query, its body (of the operation's `takes`)."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None

    def number(self, name: str, default: float) -> float:
        """A number of the query. Raises: Impossible."""
        try:
            found = float(self.query.get(name, default))
        except ValueError:
            found = -1.0
        if not 0 <= found < 1e15:
            raise Impossible(f"{name} must be a number, 0 or more", status=400)
        return found

    @property
    def wait(self) -> float:
        """For how many seconds an answer may be held back."""
        return min(self.number("wait", 0), LONGEST_WAIT)


Run = Callable[[Engine, Call], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter of the query; all are optional."""

    name: str
    kind: str
    summary: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` is the type of the answer's body; None has none."""

    id: str
    method: str
    path: str
    summary: str
    run: Run
    answers: Any
    takes: type | None = None
    query: tuple[Query, ...] = ()


_WAIT = Query(
    "wait", "number", "Hold the answer back for up to so many seconds (60 at most) until there is news."
)


async def _engine(engine: Engine, call: Call) -> EngineInfo:
    return engine.info()


async def _stop(engine: Engine, call: Call) -> None:
    if call.body.leave:
        await engine.leave_all()
    else:
        await engine.stop(force=call.body.force)


async def _findings(engine: Engine, call: Call) -> list[Finding]:
    return engine.findings()


async def _recover(engine: Engine, call: Call) -> Job:
    return await engine.recover(call.body)


async def _pools(engine: Engine, call: Call) -> list[Pool]:
    return engine.pools()


async def _add_pool(engine: Engine, call: Call) -> Pool:
    return await engine.add_pool(call.body)


async def _pool(engine: Engine, call: Call) -> Pool:
    return engine.pool(call.path["pool"])


async def _remove_pool(engine: Engine, call: Call) -> None:
    await engine.remove_pool(call.path["pool"])


async def _volumes(engine: Engine, call: Call) -> list[Volume]:
    return engine.volumes()


async def _create(engine: Engine, call: Call) -> Job:
    return await engine.create(call.body)


async def _volume(engine: Engine, call: Call) -> Volume:
    return engine.volume(call.path["volume"])


async def _resize(engine: Engine, call: Call) -> Volume:
    return await engine.resize(call.path["volume"], call.body)


async def _set_pace(engine: Engine, call: Call) -> Volume:
    return await engine.set_pace(call.path["volume"], call.body)


async def _delete(engine: Engine, call: Call) -> Job:
    return await engine.delete(call.path["volume"])


async def _explain(engine: Engine, call: Call) -> list[Finding]:
    return engine.explain(call.path["volume"])


async def _attach(engine: Engine, call: Call) -> Attachment:
    return await engine.attach(call.path["volume"], call.body)


async def _detach(engine: Engine, call: Call) -> None:
    await engine.detach(call.path["volume"])


async def _snapshots(engine: Engine, call: Call) -> list[SnapshotStatus]:
    return await engine.snapshots(call.path["volume"])


async def _take_snapshot(engine: Engine, call: Call) -> SnapshotStatus:
    return await engine.take_snapshot(call.path["volume"], call.body.name)


async def _delete_snapshot(engine: Engine, call: Call) -> None:
    await engine.delete_snapshot(call.path["volume"], call.path["snapshot"])


async def _attach_snapshot(engine: Engine, call: Call) -> Attachment:
    return await engine.attach_snapshot(call.path["volume"], call.path["snapshot"], call.body)


async def _detach_snapshot(engine: Engine, call: Call) -> None:
    await engine.detach_snapshot(call.path["volume"], call.path["snapshot"])


async def _restore(engine: Engine, call: Call) -> Job:
    return await engine.restore(call.path["volume"], call.path["snapshot"], call.body)


async def _clone(engine: Engine, call: Call) -> Job:
    return await engine.clone(call.path["volume"], call.body)


async def _add_replica(engine: Engine, call: Call) -> Job:
    return await engine.add_replica(call.path["volume"], call.body)


async def _remove_replica(engine: Engine, call: Call) -> Job:
    return await engine.remove_replica(
        call.path["volume"], call.path["replica"], force=call.query.get("force") == "true"
    )


async def _scrub(engine: Engine, call: Call) -> Job:
    return await engine.scrub(call.path["volume"])


async def _rebuild(engine: Engine, call: Call) -> Job:
    return await engine.rebuild(call.path["volume"], call.path["replica"])


async def _renew(engine: Engine, call: Call) -> Job:
    return await engine.renew(call.path["volume"])


async def _jobs(engine: Engine, call: Call) -> list[Job]:
    return engine.jobs()


async def _job(engine: Engine, call: Call) -> Job:
    if call.wait:
        return await engine.wait_for_job(call.path["job"], wait=call.wait)
    return engine.job(call.path["job"])


async def _cancel_job(engine: Engine, call: Call) -> Job:
    return await engine.cancel_job(call.path["job"])


async def _pause_job(engine: Engine, call: Call) -> Job:
    return await engine.pause_job(call.path["job"])


async def _resume_job(engine: Engine, call: Call) -> Job:
    return await engine.resume_job(call.path["job"])


async def _events(engine: Engine, call: Call) -> list[Event]:
    return await engine.events(
        int(call.number("after", 0)), wait=call.wait, about=call.query.get("about", "")
    )


_AFTER = Query("after", "integer", "Only events with a higher number.")
_ABOUT = Query("about", "string", "Only events about this volume, pool or `engine`.")

OPERATIONS: tuple[Operation, ...] = (
    Operation("engine", "GET", "/v1/engine", "How the engine is.", _engine, EngineInfo),
    Operation("stop", "POST", "/v1/engine/stop", "End every process of the engine.", _stop, None, Stop),
    Operation(
        "recover",
        "POST",
        "/v1/engine/recover",
        "Bring back all volumes by looking at disks.",
        _recover,
        Job,
        Recover,
    ),
    Operation(
        "findings", "GET", "/v1/findings", "All that is not as it should be.", _findings, list[Finding]
    ),
    Operation("pools", "GET", "/v1/pools", "All pools.", _pools, list[Pool]),
    Operation("add-pool", "POST", "/v1/pools", "Use a directory as a pool.", _add_pool, Pool, AddPool),
    Operation("pool", "GET", "/v1/pools/{pool}", "One pool.", _pool, Pool),
    Operation("remove-pool", "DELETE", "/v1/pools/{pool}", "Use a pool no more.", _remove_pool, None),
    Operation("volumes", "GET", "/v1/volumes", "All volumes.", _volumes, list[Volume]),
    Operation("create", "POST", "/v1/volumes", "Make a volume.", _create, Job, CreateVolume),
    Operation("volume", "GET", "/v1/volumes/{volume}", "One volume.", _volume, Volume),
    Operation("resize", "PUT", "/v1/volumes/{volume}/size", "Make a volume larger.", _resize, Volume, Resize),
    Operation(
        "set-pace",
        "PUT",
        "/v1/volumes/{volume}/pace",
        "How fast its background work may go.",
        _set_pace,
        Volume,
        Pace,
    ),
    Operation("delete", "DELETE", "/v1/volumes/{volume}", "Delete a volume and its bytes.", _delete, Job),
    Operation(
        "explain",
        "GET",
        "/v1/volumes/{volume}/explain",
        "Why a volume is not as it should be, and what to do.",
        _explain,
        list[Finding],
    ),
    Operation(
        "attach",
        "POST",
        "/v1/volumes/{volume}/attachment",
        "Make it a device here.",
        _attach,
        Attachment,
        Attach,
    ),
    Operation("detach", "DELETE", "/v1/volumes/{volume}/attachment", "Take the device away.", _detach, None),
    Operation(
        "snapshots",
        "GET",
        "/v1/volumes/{volume}/snapshots",
        "A volume's snapshots, oldest first.",
        _snapshots,
        list[SnapshotStatus],
    ),
    Operation(
        "take-snapshot",
        "POST",
        "/v1/volumes/{volume}/snapshots",
        "Keep what is acknowledged now under a name.",
        _take_snapshot,
        SnapshotStatus,
        Named,
    ),
    Operation(
        "delete-snapshot",
        "DELETE",
        "/v1/volumes/{volume}/snapshots/{snapshot}",
        "Give a snapshot up.",
        _delete_snapshot,
        None,
    ),
    Operation(
        "attach-snapshot",
        "POST",
        "/v1/volumes/{volume}/snapshots/{snapshot}/attachment",
        "Make a snapshot a device here that can only be read.",
        _attach_snapshot,
        Attachment,
        Attach,
    ),
    Operation(
        "detach-snapshot",
        "DELETE",
        "/v1/volumes/{volume}/snapshots/{snapshot}/attachment",
        "Take a snapshot's device away.",
        _detach_snapshot,
        None,
    ),
    Operation(
        "restore",
        "POST",
        "/v1/volumes/{volume}/snapshots/{snapshot}/restore",
        "Take a volume back to a snapshot.",
        _restore,
        Job,
        Restore,
    ),
    Operation(
        "clone", "POST", "/v1/volumes/{volume}/clone", "Make a new volume with its bytes.", _clone, Job, Clone
    ),
    Operation(
        "add-replica",
        "POST",
        "/v1/volumes/{volume}/replicas",
        "One replica (or witness) more.",
        _add_replica,
        Job,
        AddReplica,
    ),
    Operation(
        "remove-replica",
        "DELETE",
        "/v1/volumes/{volume}/replicas/{replica}",
        "Take a replica or witness off for good.",
        _remove_replica,
        Job,
        query=(Query("force", "boolean", "Also if it leaves a single copy."),),
    ),
    Operation(
        "scrub", "POST", "/v1/volumes/{volume}/scrub", "Verify and compare every replica.", _scrub, Job
    ),
    Operation(
        "rebuild",
        "POST",
        "/v1/volumes/{volume}/replicas/{replica}/rebuild",
        "Make a replica anew from the others.",
        _rebuild,
        Job,
    ),
    Operation(
        "renew",
        "POST",
        "/v1/volumes/{volume}/renew",
        "Restart processes that run other code than the engine, one at a time.",
        _renew,
        Job,
    ),
    Operation("jobs", "GET", "/v1/jobs", "Work under way, and what ended lately.", _jobs, list[Job]),
    Operation("job", "GET", "/v1/jobs/{job}", "One piece of work.", _job, Job, query=(_WAIT,)),
    Operation("cancel-job", "DELETE", "/v1/jobs/{job}", "Stop a piece of work.", _cancel_job, Job),
    Operation("pause-job", "POST", "/v1/jobs/{job}/pause", "Let work rest.", _pause_job, Job),
    Operation("resume-job", "POST", "/v1/jobs/{job}/resume", "Let it go on.", _resume_job, Job),
    Operation(
        "events", "GET", "/v1/events", "What happened.", _events, list[Event], query=(_AFTER, _ABOUT, _WAIT)
    ),
)
