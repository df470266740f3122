"""Starts the demo fleet as a child process, for the console, the command line and tests."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

START_DEADLINE = 300.0
"""A hundred clusters of a thousand pods take half a minute on two idle cores."""
_STOP_DEADLINE = 5.0
_ROOT = Path(__file__).resolve().parents[2]
"""Where ``backend`` is importable from, whatever the caller's working directory."""


class DemoFailed(Exception):
    """The demo's process ended instead of starting; the message says what it wrote."""


@dataclass(frozen=True, slots=True)
class DemoCluster:
    name: str
    server: str


class DemoFleet:
    """A running demo. ``async with start(...)`` gives one; leaving the block ends the process.

    The child holds the read end of a pipe that this process keeps open: it ends when we do, however we end.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        *,
        kubeconfig_path: Path,
        users_path: Path,
        clusters: list[DemoCluster],
    ) -> None:
        self._process = process
        self.kubeconfig_path = kubeconfig_path
        self.kubeconfig: bytes = kubeconfig_path.read_bytes()
        """The whole kubeconfig, certificates inside; each cluster's admin context bears its name."""
        self.users_kubeconfig: bytes = users_path.read_bytes()
        """The same clusters as ``NAME-viewer`` (all but secrets) and ``NAME-team`` (namespace pay only)."""
        self.clusters = clusters

    @property
    def pid(self) -> int:
        return self._process.pid

    async def aclose(self) -> None:
        """End the process; the kubeconfig file goes with it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_DEADLINE)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()

    async def __aenter__(self) -> DemoFleet:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


async def start(
    *,
    clusters: int | None = None,
    pods: int | None = None,
    scenario: str | None = None,
    seed: int | None = None,
    speed: float | None = None,
    faults: Sequence[str] = (),
    deadline: float = START_DEADLINE,
) -> DemoFleet:
    """Start a demo fleet; what is None is the scenario's or the demo's own choice.

    ``scenario`` is a name or the path of a file, ``faults`` are rules as in ``backend.demo.faults``.

    :raises DemoFailed: with the child's own words if it does not come up.
    """
    given = {"clusters": clusters, "pods": pods, "scenario": scenario, "seed": seed, "speed": speed}
    arguments = [f"--{name}={value}" for name, value in given.items() if value is not None]
    arguments += [f"--fault={rule}" for rule in faults]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "backend.demo",
        *arguments,
        "--until-eof",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        start_new_session=True,  # Ctrl-C in the terminal is for the console, not for its demo
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), deadline)
        if not line:
            words = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
            raise DemoFailed(words[-1] if words else "the demo ended without a word")
        announced = msgspec.json.decode(line)
        fleet = DemoFleet(
            process,
            kubeconfig_path=Path(announced["kubeconfig"]),
            users_path=Path(announced["users_kubeconfig"]),
            clusters=[DemoCluster(**entry) for entry in announced["clusters"]],
        )
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    _drain(process.stderr)
    return fleet


_DRAINS: set[asyncio.Task[None]] = set()


def _drain(stream: asyncio.StreamReader) -> None:
    """Read and drop what the child says later, so that it never blocks on a full pipe."""

    async def read() -> None:
        while await stream.read(65536):
            pass

    task = asyncio.create_task(read())
    _DRAINS.add(task)
    task.add_done_callback(_DRAINS.discard)
