"""The seam between the control API and whatever runs an engine: processes here, pods later."""

from __future__ import annotations

from typing import Protocol

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
    Pace,
    Pool,
    Recover,
    Resize,
    Restore,
    Volume,
)
from blockengine.protocol.admin import SnapshotStatus


class Impossible(Exception):
    """Refused, and nothing was changed unless the words say so. `next` is what a person may do.

    `status` is the HTTP status that says it best.
    """

    def __init__(self, what: str, next: str = "", *, status: int = 409) -> None:
        self.next, self.status = next, status
        super().__init__(what)


class Engine(Protocol):
    """Volumes are named by name or id, pools likewise. Everything raises Impossible."""

    def info(self) -> EngineInfo: ...

    def pools(self) -> list[Pool]: ...

    def pool(self, name: str) -> Pool: ...

    async def add_pool(self, wanted: AddPool) -> Pool: ...

    async def remove_pool(self, name: str) -> None:
        """Forget a pool without replicas; its directory stays."""
        ...

    def volumes(self) -> list[Volume]: ...

    def volume(self, name: str) -> Volume: ...

    async def create(self, wanted: CreateVolume) -> Job: ...

    async def resize(self, name: str, wanted: Resize) -> Volume:
        """Who uses it already sees the new size when it connects again."""
        ...

    async def set_pace(self, name: str, wanted: Pace) -> Volume: ...

    async def delete(self, name: str) -> Job: ...

    async def attach(self, name: str, how: Attach) -> Attachment: ...

    async def detach(self, name: str) -> None: ...

    async def attach_snapshot(self, name: str, snapshot: str, how: Attach) -> Attachment:
        """Read-only, beside the volume itself."""
        ...

    async def detach_snapshot(self, name: str, snapshot: str) -> None: ...

    def explain(self, name: str) -> list[Finding]: ...

    def findings(self) -> list[Finding]:
        """All of them: pools', volumes', and of directories that belong to none."""
        ...

    async def snapshots(self, name: str) -> list[SnapshotStatus]:
        """Oldest first."""
        ...

    async def take_snapshot(self, name: str, snapshot: str) -> SnapshotStatus: ...

    async def delete_snapshot(self, name: str, snapshot: str) -> None: ...

    async def restore(self, name: str, snapshot: str, wanted: Restore) -> Job:
        """Take a volume back to a snapshot; it must not be in use."""
        ...

    async def clone(self, name: str, wanted: Clone) -> Job:
        """A new volume with the bytes of this one; on its own once it is filled."""
        ...

    async def add_replica(self, name: str, wanted: AddReplica) -> Job: ...

    async def remove_replica(self, name: str, replica: str, *, force: bool) -> Job:
        """`force` allows to go down to a single copy."""
        ...

    async def scrub(self, name: str) -> Job:
        """Read, verify and compare every block of every replica, and mend what one of them has right."""
        ...

    async def rebuild(self, name: str, replica: str) -> Job:
        """Make a replica anew, and copy it from the others."""
        ...

    async def renew(self, name: str) -> Job:
        """Restart those processes of a volume that run other code than the engine, one at a time."""
        ...

    async def recover(self, wanted: Recover) -> Job: ...

    def jobs(self) -> list[Job]: ...

    def job(self, id: str) -> Job: ...

    async def wait_for_job(self, id: str, *, wait: float) -> Job: ...

    async def cancel_job(self, id: str) -> Job: ...

    async def pause_job(self, id: str) -> Job:
        """A rebuild or scrub rests, after the step under way."""
        ...

    async def resume_job(self, id: str) -> Job: ...

    async def events(self, after: int, *, wait: float, about: str) -> list[Event]: ...

    async def leave_all(self) -> None:
        """End without ending what runs: the next engine takes it over. Raises: Impossible."""
        ...

    async def stop(self, *, force: bool) -> None:
        """End everything. Raises: Impossible if volumes are attached, without `force`."""
        ...
