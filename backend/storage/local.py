"""Starts and ends the block engine of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from backend.storage.engine import BlockEngine
from backend.storage.failures import NoEngine, Refused, StorageFailure
from backend.storage.home import engine_home, engine_run
from backend.storage.model import EngineInfo, Pool
from backend.text import counted

_ROOT = Path(__file__).resolve().parents[2]
"""Where ``blockengine`` is importable from, whatever the caller's working directory."""
_START_DEADLINE = 90.0
_STOP_DEADLINE = 120.0
_AGAIN = 0.1


def engine_command(*words: str) -> list[str]:
    """A command line of the engine's own program."""
    return [sys.executable, "-m", "blockengine", *words]


def engine_environment() -> dict[str, str]:
    """The environment in which its program is found."""
    known = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{_ROOT}{os.pathsep}{known}" if known else str(_ROOT)}


async def running(engine: BlockEngine) -> EngineInfo | None:
    """The engine that runs; None if there is none."""
    try:
        return await engine.info()
    except NoEngine:
        return None


async def up(engine: BlockEngine) -> tuple[EngineInfo, bool]:
    """Have an engine running: (it, whether it was started now).

    :raises StorageFailure: it did not come up; the message has its own words
    """
    known = await running(engine)
    if known is not None:
        return known, False
    async with _alone():
        return await _up(engine)


@contextlib.asynccontextmanager
async def _alone() -> AsyncIterator[None]:
    """One command at a time starts an engine here: who comes second finds it running."""
    home = engine_home()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "up.lock").open("ab") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


async def _up(engine: BlockEngine) -> tuple[EngineInfo, bool]:
    known = await running(engine)
    if known is not None:
        return known, False
    home, log = engine_home(), engine_home() / "engine.log"
    process = await asyncio.to_thread(_started, home, log)
    loop = asyncio.get_running_loop()
    end = loop.time() + _START_DEADLINE
    while (known := await running(engine)) is None:
        if process.poll() is not None:
            # Somebody may have started another one at the same moment.
            known = await running(engine)
            if known is not None:
                return known, False
            raise StorageFailure(f"the block engine did not start: {_last_line(log)}", f"Its log: {log}")
        if loop.time() > end:
            raise StorageFailure(
                f"the block engine did not answer in time: {_last_line(log)}", f"Its log: {log}"
            )
        await asyncio.sleep(_AGAIN)
    return known, True


async def first_pools(engine: BlockEngine, count: int) -> list[Pool]:
    """Pools in the engine's own home, so that volumes can be made at once; none if there are any."""
    async with _alone():
        if await engine.pools():
            return []
        return [await engine.add_pool(None, name) for name in "abcdefghi"[:count]]


async def start(pools: int = 3) -> str:
    """The engine up, with so many pools to begin with if there are none; what was done, in words."""
    engine = BlockEngine()
    info, started = await up(engine)
    made = await first_pools(engine, pools)
    told = f"the block engine {'runs now' if started else 'was running already'} (process {info.pid})"
    if made:
        names = ", ".join(pool.name for pool in made)
        told += f"; made {counted(len(made), 'pool')} to begin with, on one disk: {names}"
    return told + _of_other_code(info, "" if started else await code())


def _of_other_code(info: EngineInfo, program: str) -> str:
    """What runs other code than the engine, or the engine other code than ``program``; and what to do."""
    said = ""
    if program and info.code != program:
        what = info.code or f"{info.version}, which is older"
        said += f"; it runs {what}, this program is {program}: it was left running"
    if info.other_code:
        said += f"; of other code, from before: {', '.join(info.other_code)}"
    return f"{said}. navarch engine renew restarts what is old, one process at a time" if said else ""


async def code() -> str:
    """The version and code that an engine started now would run; empty if it does not tell."""
    process = await asyncio.create_subprocess_exec(
        *engine_command("code"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=engine_environment(),
    )
    said, _ = await process.communicate()
    return said.decode(errors="replace").strip() if not process.returncode else ""


async def replace_supervisor(engine: BlockEngine) -> EngineInfo:
    """Another supervisor, of this program's code, over the same processes: they are served on meanwhile.

    :raises Refused: there is work that would end with it
    """
    pid = (await engine.info()).pid
    try:
        await engine.stop(leave=True)
    except Refused as error:
        if error.status != 400:
            raise
        # It comes from before there was a way to ask for this.
        advice = (
            f"kill -9 {pid} ends it alone, and volumes are served on; then navarch engine local up, and renew"
        )
        raise Refused(f"the engine that runs (process {pid}) is too old to make way", advice) from None
    await _until_gone(pid)
    info, _ = await up(engine)
    return info


async def down(engine: BlockEngine, *, force: bool) -> None:
    """End the engine, and wait until it is gone.

    :raises Refused: volumes are attached, and ``force`` was not given
    """
    pid = (await engine.info()).pid
    await engine.stop(force=force)
    await _until_gone(pid)


async def _until_gone(pid: int) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + _STOP_DEADLINE
    while _runs(pid):
        if loop.time() > end:
            raise StorageFailure(f"the block engine (process {pid}) did not end in time")
        await asyncio.sleep(_AGAIN)


def _started(home: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            engine_command("local", str(home), "--run", str(engine_run())),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=engine_environment(),
        )


def _runs(pid: int) -> bool:
    """Whether the process is still there; one that was ours is taken leave of."""
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        return "it left no log"
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
