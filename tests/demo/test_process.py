"""The demo as a process: private files, two at once, every way to end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backend.demo.process import DemoFailed, start
from backend.demo.rundir import RunDir
from tests.contract.door import Door

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--clusters=1", "--pods=10", "--scenario=calm"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path))
    return tmp_path


def _start(*more: str) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.demo", *SMALL, *more],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_two_at_once_and_both_clean_up() -> None:
    async with await start(clusters=1, pods=10) as first, await start(clusters=1, pods=10) as second:
        assert first.clusters[0].server != second.clusters[0].server
        for fleet in (first, second):
            mode = stat.S_IMODE(fleet.kubeconfig_path.stat().st_mode)
            assert mode == 0o600
            assert stat.S_IMODE(fleet.kubeconfig_path.parent.stat().st_mode) == 0o700
            door = Door(fleet.kubeconfig, "prod-eu")
            assert (await asyncio.to_thread(door.ask, "GET", "/readyz")).body == b"ok"
    for fleet in (first, second):
        assert not fleet.kubeconfig_path.parent.exists()
        assert not _alive(fleet.pid)


async def test_a_wrong_plan_says_why() -> None:
    with pytest.raises(DemoFailed, match="there is no scenario 'odd'; there are: 100-clusters"):
        await start(scenario="odd")
    with pytest.raises(DemoFailed, match="pods: 1 to"):
        await start(pods=0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(number: signal.Signals) -> None:
    process, line = _start()
    process.send_signal(number)
    assert process.wait(10) == 0
    assert not Path(line["kubeconfig"]).parent.exists()


def test_it_ends_with_its_parent() -> None:
    process, line = _start("--until-eof")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
    assert not Path(line["kubeconfig"]).exists()


def test_a_killed_run_is_swept_by_the_next_and_a_living_one_is_not(home: Path) -> None:
    killed, line = _start()
    living, other = _start()
    killed.kill()
    killed.wait(10)
    stale = Path(line["kubeconfig"]).parent
    assert stale.exists()
    with RunDir() as run:
        assert run.path != stale
        assert not stale.exists()
        assert Path(other["kubeconfig"]).exists()
    living.terminate()
    assert living.wait(10) == 0
