"""A large fleet in several processes: each serves a part of the clusters, one kubeconfig reaches them all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import yaml

from backend.demo.plan import Plan

_LARGE = 4000
"""From so many pods in all on, laying them out takes longer than starting more processes."""
_START_DEADLINE = 300.0
_STOP_DEADLINE = 5.0


class PartFailed(Exception):
    """One of the processes ended before it served."""


def parts_of(plan: Plan) -> list[Plan]:
    """The plan as several, one for each processor; itself where it is small."""
    count = min(os.cpu_count() or 1, plan.clusters)
    if count < 2 or plan.clusters * plan.pods < _LARGE:
        return [plan]
    return [replace(plan, part=number, parts=count) for number in range(count)]


class Parts:
    """The processes of the parts. ``async with`` starts and ends them; theirs end when this one does."""

    def __init__(self, plans: list[Plan], arguments: list[str]) -> None:
        self._plans, self._arguments = plans, arguments
        self._processes: list[asyncio.subprocess.Process] = []
        self.kubeconfig = self.users_kubeconfig = b""
        self.clusters: list[dict[str, str]] = []

    async def __aenter__(self) -> Parts:
        try:
            for plan in self._plans:
                part = f"--part={plan.part}/{plan.parts}"
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "backend.demo",
                    *self._arguments,
                    part,
                    "--until-eof",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                )
                self._processes.append(process)
            async with asyncio.timeout(_START_DEADLINE):
                told = await asyncio.gather(*map(_announced, self._processes))
        except BaseException:
            await self._end()
            raise
        order = {name: place for place, name in enumerate(_interleaved([part["clusters"] for part in told]))}
        self.clusters = sorted(
            (cluster for part in told for cluster in part["clusters"]),
            key=lambda cluster: order[cluster["name"]],
        )
        self.kubeconfig = _merged([part["kubeconfig"] for part in told], order)
        self.users_kubeconfig = _merged([part["users_kubeconfig"] for part in told], order)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def ended(self) -> None:
        """Wait until one of the processes ends, which none should."""
        waits = [asyncio.create_task(process.wait()) for process in self._processes]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _end(self) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self._processes:
            try:
                async with asyncio.timeout(_STOP_DEADLINE):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _announced(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise PartFailed(f"a part of the demo ended with {await process.wait()} instead of serving")
    told: dict[str, Any] = msgspec.json.decode(line)
    return told


def _interleaved(parts: list[list[dict[str, str]]]) -> list[str]:
    """Names in the order of the fleet, of which each part has every n-th."""
    longest = max(map(len, parts))
    return [part[row]["name"] for row in range(longest) for part in parts if row < len(part)]


def _merged(paths: list[str], order: dict[str, int]) -> bytes:
    documents = [yaml.load(Path(path).read_bytes(), Loader=yaml.CSafeLoader) for path in paths]

    def cluster(context: dict[str, Any]) -> int:
        return order[context["context"]["cluster"]]

    contexts = sorted((c for document in documents for c in document["contexts"]), key=cluster)
    whole = documents[0] | {
        "current-context": contexts[0]["name"],
        "clusters": sorted(
            (c for document in documents for c in document["clusters"]), key=lambda c: order[c["name"]]
        ),
        "contexts": contexts,
        "users": [user for document in documents for user in document["users"]],
    }
    return yaml.dump(whole, Dumper=yaml.CSafeDumper, sort_keys=False).encode()
