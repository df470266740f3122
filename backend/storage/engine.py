"""Navarch's block engine on this machine, as a storage system."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backend.storage.client import Client, quoted
from backend.storage.failures import StorageFailure
from backend.storage.home import control_socket
from backend.storage.model import (
    Attachment,
    EngineInfo,
    Event,
    Finding,
    Inventory,
    Job,
    Pace,
    Pool,
    Snapshot,
    Volume,
)

_WAIT = 20.0


class BlockEngine:
    """Speaks to the engine at ``socket``; none has to run yet. Volumes and pools go by name or id."""

    name = "navarch"

    def __init__(self, socket: Path | None = None) -> None:
        self._client = Client(socket or control_socket())

    # What is there.

    async def info(self) -> EngineInfo:
        return await self._client.ask("GET", "/v1/engine", EngineInfo)

    async def inventory(self) -> Inventory:
        engine, pools, volumes, findings, jobs = await asyncio.gather(
            self.info(), self.pools(), self.volumes(), self.findings(), self.jobs()
        )
        return Inventory(engine, pools, volumes, findings, jobs)

    async def findings(self) -> list[Finding]:
        return await self._client.ask("GET", "/v1/findings", list[Finding])

    async def pools(self) -> list[Pool]:
        return await self._client.ask("GET", "/v1/pools", list[Pool])

    async def pool(self, name: str) -> Pool:
        return await self._client.ask("GET", f"/v1/pools/{quoted(name)}", Pool)

    async def volumes(self) -> list[Volume]:
        return await self._client.ask("GET", "/v1/volumes", list[Volume])

    async def volume(self, name: str) -> Volume:
        return await self._client.ask("GET", self._volume(name), Volume)

    async def explain(self, volume: str) -> list[Finding]:
        return await self._client.ask("GET", self._volume(volume, "/explain"), list[Finding])

    async def events(self, after: int = 0, *, wait: float = 0, about: str = "") -> list[Event]:
        query = {"after": after, "wait": wait, "about": about}
        return await self._client.ask("GET", "/v1/events", list[Event], query=query, deadline=30 + wait)

    async def jobs(self) -> list[Job]:
        return await self._client.ask("GET", "/v1/jobs", list[Job])

    async def metrics(self) -> str:
        """The Prometheus metrics, as text."""
        return (await self._client.raw("GET", "/metrics")).decode(errors="replace")

    # What changes it.

    async def add_pool(self, path: Path | None, name: str) -> Pool:
        """``path`` is absolute; without one the pool lies in the engine's home."""
        body = {"path": str(path) if path is not None else "", "name": name}
        return await self._client.ask("POST", "/v1/pools", Pool, body=body)

    async def remove_pool(self, name: str) -> None:
        await self._client.ask("DELETE", f"/v1/pools/{quoted(name)}", type(None))

    async def create(
        self, name: str, *, size: int, replicas: int, block_size: int, pools: Sequence[str]
    ) -> Job:
        body = {
            "name": name,
            "size": size,
            "replicas": replicas,
            "block_size": block_size,
            "pools": list(pools),
        }
        return await self._client.ask("POST", "/v1/volumes", Job, body=body)

    async def delete(self, name: str) -> Job:
        return await self._client.ask("DELETE", self._volume(name), Job)

    async def resize(self, name: str, size: int, *, overcommit: bool = False) -> Volume:
        body = {"size": size, "overcommit": overcommit}
        return await self._client.ask("PUT", self._volume(name, "/size"), Volume, body=body, deadline=150)

    async def set_pace(self, name: str, pace: Pace) -> Volume:
        body = {"limit": pace.limit, "share": pace.share}
        return await self._client.ask("PUT", self._volume(name, "/pace"), Volume, body=body, deadline=150)

    async def attach(self, name: str, *, by: str = "auto") -> Attachment:
        """A volume, or a snapshot of it, read-only: ``demo@monday``."""
        path = self._attachment(name)
        return await self._client.ask("POST", path, Attachment, body={"by": by}, deadline=150)

    async def detach(self, name: str) -> None:
        """What ``attach`` was given."""
        await self._client.ask("DELETE", self._attachment(name), type(None), deadline=150)

    async def snapshots(self, volume: str) -> list[Snapshot]:
        """Oldest first."""
        return await self._client.ask("GET", self._volume(volume, "/snapshots"), list[Snapshot])

    async def take_snapshot(self, volume: str, name: str) -> Snapshot:
        path = self._volume(volume, "/snapshots")
        return await self._client.ask("POST", path, Snapshot, body={"name": name}, deadline=150)

    async def delete_snapshot(self, volume: str, name: str) -> None:
        path = self._volume(volume, f"/snapshots/{quoted(name)}")
        await self._client.ask("DELETE", path, type(None), deadline=150)

    async def restore(self, volume: str, snapshot: str, *, keep: str = "") -> Job:
        path = self._volume(volume, f"/snapshots/{quoted(snapshot)}/restore")
        return await self._client.ask("POST", path, Job, body={"keep": keep})

    async def clone(
        self, volume: str, name: str, *, snapshot: str = "", replicas: int = 0, pools: Sequence[str] = ()
    ) -> Job:
        body = {"name": name, "snapshot": snapshot, "replicas": replicas, "pools": list(pools)}
        return await self._client.ask("POST", self._volume(volume, "/clone"), Job, body=body)

    async def add_replica(self, volume: str, *, pool: str = "", witness: bool = False) -> Job:
        body = {"pool": pool, "witness": witness}
        return await self._client.ask("POST", self._volume(volume, "/replicas"), Job, body=body)

    async def remove_replica(self, volume: str, replica: str, *, force: bool) -> Job:
        path = self._volume(volume, f"/replicas/{quoted(replica)}")
        query = {"force": "true"} if force else None
        return await self._client.ask("DELETE", path, Job, query=query)

    async def scrub(self, volume: str) -> Job:
        return await self._client.ask("POST", self._volume(volume, "/scrub"), Job)

    async def job(self, job: str) -> Job:
        return await self._client.ask("GET", f"/v1/jobs/{quoted(job)}", Job)

    async def pause(self, job: str) -> Job:
        """Let a rebuild or a scrub rest."""
        return await self._client.ask("POST", f"/v1/jobs/{quoted(job)}/pause", Job)

    async def resume(self, job: str) -> Job:
        return await self._client.ask("POST", f"/v1/jobs/{quoted(job)}/resume", Job)

    async def cancel(self, job: str) -> Job:
        """Stop a piece of work; what it changed so far stays."""
        return await self._client.ask("DELETE", f"/v1/jobs/{quoted(job)}", Job)

    async def rebuild(self, volume: str, replica: str) -> Job:
        path = self._volume(volume, f"/replicas/{quoted(replica)}/rebuild")
        return await self._client.ask("POST", path, Job)

    async def renew(self, volume: str) -> Job:
        """Restart those of its processes that run other code than the engine, one at a time."""
        return await self._client.ask("POST", self._volume(volume, "/renew"), Job)

    async def recover(self, paths: Sequence[Path], *, moved: bool) -> Job:
        """``paths`` are absolute."""
        body = {"paths": [str(path) for path in paths], "moved": moved}
        return await self._client.ask("POST", "/v1/engine/recover", Job, body=body)

    async def stop(self, *, force: bool = False, leave: bool = False) -> None:
        """End the engine and all its processes, or (``leave``) the supervisor alone.

        Returns when it has agreed to.
        """
        body: dict[str, bool] = {"force": force} | ({"leave": True} if leave else {})
        await self._client.ask("POST", "/v1/engine/stop", type(None), body=body, deadline=120)

    async def finished(self, job: Job, told: Callable[[Job], Any] = lambda job: None) -> Job:
        """A job once it ended; ``told`` hears of its progress.

        :raises StorageFailure: it failed; the message says why
        """
        seen = job
        while not job.ended:
            told(job)
            path = f"/v1/jobs/{quoted(job.id)}"
            # Held back until it ends, but not so long that its progress would be old.
            job = await self._client.ask("GET", path, Job, query={"wait": 0.5}, deadline=_WAIT)
            seen = job
        if seen.state != "done":
            raise StorageFailure(f"{seen.kind} {seen.about}: {seen.error or seen.state}")
        return seen

    def _attachment(self, name: str) -> str:
        volume, _, snapshot = name.rpartition("@")
        if not (volume and snapshot):
            return self._volume(name, "/attachment")
        return self._volume(volume, f"/snapshots/{quoted(snapshot)}/attachment")

    @staticmethod
    def _volume(name: str, rest: str = "") -> str:
        return f"/v1/volumes/{quoted(name)}{rest}"
